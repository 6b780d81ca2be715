// Colours of what is drawn, in both themes; style.css has those of the rest.

const AXES = ['#6fb7c9', '#e9a94b', '#cf7f78'];

const DARK = {
  woodLight: '#3f2b1b', wood: '#2a1b11', woodEdge: '#140d08', grainDark: '#00000030', grainLight: '#7a542e18', rim: '#e9a94b18',
  filings: ['rgba(205,165,105,.10)', 'rgba(214,176,118,.22)', 'rgba(224,188,132,.38)', 'rgba(238,204,152,.58)', 'rgba(252,224,180,.82)'],
  ring: '233,169,75', dim: 'rgba(255,255,255,.07)', full: '#f6d3a8', centre: '#0d0906', centreRim: '#e9a94b', number: '#a2957f',
  axes: AXES, latents: ['#6fb7c9', '#e9a94b', '#cf7f78', '#9db86a', '#b296d6', '#d9c27a', '#7ea3e4', '#de98b9'], goal: '#f4ecd8', shade: 0.55,
};

const LIGHT = {
  woodLight: '#f0dcbb', wood: '#e2c598', woodEdge: '#c9a570', grainDark: '#8a5a2a22', grainLight: '#fff6e230', rim: '#7a4a1a40',
  filings: ['rgba(70,45,20,.10)', 'rgba(70,45,20,.22)', 'rgba(64,40,18,.36)', 'rgba(58,36,16,.54)', 'rgba(45,26,10,.78)'],
  ring: '160,86,10', dim: 'rgba(60,35,10,.10)', full: '#7a3d00', centre: '#fff8ec', centreRim: '#8a5210', number: '#6b5330',
  axes: ['#1d6f86', '#a86408', '#a23c34'], latents: ['#1d6f86', '#a86408', '#a23c34', '#53722a', '#6a4a96', '#80691c', '#33599c', '#98476f'], goal: '#3a2410', shade: 0.25,
};

const light = matchMedia('(prefers-color-scheme: light)');

// The theme in force: what the player chose, else what the system says.
export function look() {
  const chosen = document.documentElement.dataset.theme;
  return (chosen ? chosen === 'light' : light.matches) ? LIGHT : DARK;
}

export function onLook(redraw) {
  light.addEventListener('change', redraw);
  new MutationObserver(redraw).observe(document.documentElement, { attributeFilter: ['data-theme'] });
}

export const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches;
