"""A board in a folder: what deploy.sh uses of a Bela, with an ssh that stays here and can be cut."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from lodestone.image import MANIFEST, ROOT, manifest

# Counts its calls; the call that LODESTONE_CUT names does not come through, or (",half") is killed midway, or
# (",900") is lost when so many bytes have arrived. `board-path`: where the board's programs are.
SSH = """#!/bin/bash
while [[ $1 == -* ]]; do shift 2; done  # rsync says -l root
host=$1; shift
[ "${host#root@}" = board ] || exit 255
[ -e "$FAKE/ssh-says" ] && { cat "$FAKE/ssh-says" >&2; exit 255; }
echo "$*" >> "$FAKE/ssh.log"
export SSH_STEP=1
call=$(wc -l < "$FAKE/ssh.log")
[ "${LODESTONE_CUT:-}" = "$call" ] && exit 255
[ "${LODESTONE_CUT:-}" = "$call,half" ] && exec timeout -s KILL 0.15 bash -c "$*"
[[ ${LODESTONE_CUT:-} = "$call",[0-9]* ]] && { head -c "${LODESTONE_CUT#*,}" | bash -c "$*"; exit 255; }
[ -e "$FAKE/board-path" ] && PATH=$(cat "$FAKE/board-path")
exec bash -c "$*"
"""

# Bela's targets as far as they are used. A program is a script made of render.cpp's first line.
MAKEFILE = """
P := projects/$(PROJECT)
.PHONY: Bela stop startuploop nostartup runscreen
Bela:
	@if [ -e $(FAKE)/no-compile ]; then echo "render.cpp:1: error"; exit 1; fi
	@sleep $$(cat $(FAKE)/compile-seconds 2>/dev/null || echo 0)
	@cd $(P) && for source in $$(find * -name '*.cpp'); do object=build/$${source%.cpp}.o; \\
	[ $$object -nt $$source ] || { mkdir -p $$(dirname $$object) && touch $$object && \\
	{ echo $$source; sed -n 's/#include "\\(.*\\)"/\\1/p' $$source; } > $${object%.o}.d && \\
	[ $$source = check.cpp ] || echo compiled $$source >> $(FAKE)/events; }; done
	@install -m 755 $(FAKE)/program $(P)/$(PROJECT)
stop:
	@echo stop >> $(FAKE)/events; cp $(FAKE)/playing $(FAKE)/status 2>/dev/null; rm -f $(FAKE)/playing
startuploop:
	@printf "ACTIVE=1\\nPROJECT=$(PROJECT)\\nARGS=$(CL)" > $(FAKE)/startup
nostartup:
	@printf "ACTIVE=0\\n" > $(FAKE)/startup
runscreen:
	@$(FAKE)/bin/systemctl restart bela_startup
.DEFAULT_GOAL := Bela
"""

# What Bela's service does: run the project. Its program says what it plays, unless its scene is broken.
SYSTEMCTL = """#!/bin/bash
echo "$1" >> "$FAKE/events"
case $1 in
  enable|reset-failed) exit 0 ;;
  stop) rm -f "$FAKE/playing"; exit 0 ;;
esac
project=$(sed -n 's/^PROJECT=//p' "$FAKE/startup")
cd "$FAKE/Bela/projects/${project:-lodestone}" || exit 1
cat plans/name > "$FAKE/playing"
grep -q broken plans/name || cp plans/name "$FAKE/status"
"""

PROGRAM = """#!/bin/bash
case $0 in *-check) ! grep -q untested plans/name ;; *) exit 1 ;; esac
"""


@dataclass
class FakeBoard:
    """Made in `folder`; `settings` go to deploy.sh's environment."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        bela, binaries = self.folder / "Bela", self.folder / "bin"
        bela.mkdir(parents=True)
        binaries.mkdir()
        (bela / "Makefile").write_text(MAKEFILE)
        (self.folder / "program").write_text(PROGRAM)
        for name, text in (("ssh", SSH), ("systemctl", SYSTEMCTL)):
            (binaries / name).write_text(text)
            (binaries / name).chmod(0o755)

    def image(self, name: str, source: str = "// one", **firmware: str) -> Path:
        """An image whose program says that it plays `name`; `firmware`: more sources, "_" for the dot."""
        image = self.folder / f"image-{name}"
        for folder in ("plans", "firmware"):
            (image / folder).mkdir(parents=True)
        (image / "render.cpp").write_text(source + "\n")
        (image / "check.cc").write_text("// proves it\n")
        for file, text in firmware.items():
            (image / "firmware" / file.replace("_", ".")).write_text(text + "\n")
        (image / "board.conf").write_text("format = lodestone-board 1\n")
        (image / "arguments").write_text("-p 128\n")
        (image / "plans" / "name").write_text(name + "\n")
        (image / MANIFEST).write_text(manifest(image))
        return image

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "FAKE": str(self.folder),
            "LODESTONE_SSH": str(self.folder / "bin" / "ssh"),
            "LODESTONE_BELA": str(self.folder / "Bela"),
            "LODESTONE_VERSIONS": str(self.folder / "versions"),
            "LODESTONE_STATUS": str(self.folder / "status"),
            "LODESTONE_STARTUP": str(self.folder / "startup"),
            "LODESTONE_ADDRESSES": "nobody board",
            "LODESTONE_PATIENCE": "1",
            **self.settings,
            **more,
        }

    def deploy(self, *arguments: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "ssh.log").write_text("")
        command = [str(ROOT / "deploy.sh"), *(str(a) for a in arguments)]
        return subprocess.run(
            command, capture_output=True, text=True, env=self.environment(**more), timeout=120
        )

    def calls(self) -> int:
        return len((self.folder / "ssh.log").read_text().splitlines())

    def playing(self) -> str:
        """What sounds now; empty: nothing."""
        path = self.folder / "playing"
        return path.read_text().strip() if path.exists() else ""

    def installed(self) -> str:
        """What would sound after a restart, by the whole of what is installed; empty: nothing."""
        current = self.folder / "versions" / "current"
        if not (current / "lodestone").exists():
            return ""
        whole = subprocess.run(
            ["sha256sum", "--quiet", "--check", "MANIFEST"], cwd=current, capture_output=True
        )
        assert whole.returncode == 0
        return (current / "plans" / "name").read_text().strip()
