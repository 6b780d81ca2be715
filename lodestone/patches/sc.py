"""A SuperCollider script: hears a board, keeps it, sounds with sines or with NN.ar."""

from __future__ import annotations

from collections.abc import Sequence

from graphs.card import Card
from lodestone.patches.pd import PARTIALS_HZ

HEAD = """\
// Lodestone: hears the board and keeps it. Made by lodestone patch --sc
// Evaluate all of it: Ctrl-A, Ctrl-Enter. Then, from anywhere:
//   ~lodestone.say('/mode', "host");  ~lodestone.say('/scene', "water");  ~lodestone.say('/knob/reach', 8.0);
//   ~lodestone.status.postln;  ~lodestone.bye;
// The board is 192.168.7.2, or where the variable LODESTONE_BOARD says: 127.0.0.1:7564 for lodestone live.
(
var where = ("LODESTONE_BOARD".getenv ? "192.168.7.2:7564").split($:);
~lodestone !? { ~lodestone.bye };
~lodestone = (
	board: NetAddr(where[0], (where[1] ? "7564").asInteger),
	touch: 0 ! 12, latent: [%(rest)s], status: [], model: [], knobs: (), refused: [],
	say: { |self ... words| self.board.sendMsg(*words) },
	bye: { |self|
		self.beats.do(_.stop);
		['Touch', 'Latent', 'Status', 'Model', 'Knobs', 'Error'].do { |name|
			OSCdef((\\lodestone ++ name).asSymbol).free
		};
		self.say('/bye', NetAddr.langPort);
		self.sounding !? { self.sounding.free };
		~lodestone = nil;
	}
);
[
	['Touch', '/touch', { |msg|
		~lodestone.touch = msg[1..];
		~lodestone.sounding !? { ~lodestone.sounding.setn(\\touch, ~lodestone.touch) };
	}],
	['Latent', '/latent', { |msg|
		~lodestone.latent = msg[1..];
		~lodestone.sounding !? { ~lodestone.sounding.setn(\\latent, ~lodestone.latent) };
	}],
	['Status', '/status', { |msg| ~lodestone.status = msg[1..] }],
	['Model', '/model', { |msg| ~lodestone.model = msg[1..] }],
	['Knobs', '/knobs', { |msg| if(msg.size > 7) { ~lodestone.knobs[msg[3]] = msg[4..] } }],
	['Error', '/error', { |msg|
		~lodestone.refused = msg[1..];
		("Lodestone: " ++ msg[1] ++ ": " ++ msg[2]).warn;
	}]
].do { |row|
	OSCdef((\\lodestone ++ row[0]).asSymbol, { |msg|
		~lodestone !? { row[2].value(msg) }
	}, row[1]).permanent_(true);
};
// Hello keeps us heard, the heartbeat keeps us trusted; both outlive Ctrl-.
~lodestone.beats = [
	SkipJack({ ~lodestone !? { ~lodestone.say('/hello', NetAddr.langPort) } }, 1),
	SkipJack({ ~lodestone !? { ~lodestone.say('/heartbeat') } }, 0.1)
];
s.waitForBoot {
"""

PLAIN = """\
	// Four sines that the four sensors make louder and bend; the lag is a glide of 20 ms.
	SynthDef(\\lodestonePlain, { |out = 0, level = 0.5|
		var tones = [%(partials)s];
		var touch = \\touch.kr(0 ! 12, 0.02).clump(3);
		var sound = touch.collect { |xyz, sensor|
			SinOsc.ar(tones[sensor] * (2 ** (xyz[0] / 2))) * (xyz.squared.sum.sqrt * 0.15)
		}.sum;
		Out.ar(out, (sound * level) ! 2);
	}).add;
"""

VOICE = """\
	// nn.ar (an extension) plays %(name)s.ts, which lies beside this script.
	if(\\NN.asClass.notNil) {
		var folder = (thisProcess.nowExecutingPath ?? { "./" }).dirname;
		\\NN.asClass.load(\\%(name)s, folder +/+ "%(name)s.ts");
		SynthDef(\\lodestoneVoice, { |out = 0, level = 0.5|
			// %(latents)d latents, at rest until the board speaks: %(ranges)s
			var latent = K2A.ar(\\latent.kr([%(rest)s], 0.02));
			var sound = \\NN.asClass.new(\\%(name)s, \\decode).ar(inputs: latent, bufferSize: 2048);
			Out.ar(out, (sound.asArray[0] * level) ! 2);
		}).add;
		~lodestone.plays = \\lodestoneVoice;
	} { "Lodestone: nn.ar is not installed; four sines play instead".warn };
"""

TAIL = """\
	s.sync;
	~lodestone.sounding = Synth(~lodestone.plays ? \\lodestonePlain);
	~lodestone.say('/mode', "host");
};
)
"""


def sc_patch(voice: str = "", card: Card | None = None, words: Sequence[str] = ()) -> str:
    """The script; with a voice's name and card `NN.ar` plays it where that is installed."""
    rest, ranges = "", ""
    if card is not None:
        statistics = card.latent
        mean = [0.0] * card.latents if statistics is None else statistics.mean.tolist()
        sigma = [1.0] * card.latents if statistics is None else statistics.std.tolist()
        rest = ", ".join(f"{value:.4g}" for value in mean)
        named = [f" {word.replace(', ', ' and ')}" for word in words] or [""] * card.latents
        each = zip(mean, sigma, named, strict=True)
        ranges = ", ".join(f"{m:.2g}±{2 * s:.2g}{word}" for m, s, word in each)
    filled = {
        "rest": rest,
        "ranges": ranges,
        "name": voice,
        "latents": 0 if card is None else card.latents,
        "partials": ", ".join(f"{pitch:g}" for pitch in PARTIALS_HZ),
    }
    parts = [HEAD, PLAIN, *([VOICE] if card is not None else []), TAIL]
    return "".join(parts) % filled
