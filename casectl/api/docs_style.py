"""The style sheet of the pages about the interface. Only `casectl.api.docs` imports this module.

It stands in the page itself, named by its hash in the Content-Security-Policy: nothing is loaded from anywhere.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #ffffff; --raised: #f6f7f9; --line: #e1e5ea; --ink: #1c2430; --faint: #5b6675; --link: #0b5cad;
  --code: #f1f3f6; --get: #0b6bcb; --post: #1a7f4b; --put: #9a5b00; --patch: #9a5b00; --delete: #c02b2b;
  --good: #1a7f4b; --bad: #b4532a; --mark: #eef4fc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --raised: #191f27; --line: #2b333e; --ink: #dfe6ee; --faint: #93a0b0; --link: #74b3f5;
    --code: #1e252f; --get: #6ab0f7; --post: #5ccb92; --put: #e0aa58; --patch: #e0aa58; --delete: #f28b82;
    --good: #5ccb92; --bad: #eb9a73; --mark: #1b2736;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
code, pre, .path { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
code { font-size: .9em; background: var(--code); padding: .1em .35em; border-radius: 4px; overflow-wrap: anywhere; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--ground); padding: .5rem 1rem; z-index: 2; }
.layout { display: grid; grid-template-columns: 17.5rem minmax(0, 1fr); max-width: 94rem; margin: 0 auto; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.6rem 1.1rem 3rem 1.6rem;
  border-right: 1px solid var(--line); font-size: .9rem; }
nav .name { font-size: 1.15rem; font-weight: 650; color: var(--ink); letter-spacing: -.01em; }
nav h2 { font-size: .75rem; font-weight: 600; color: var(--faint); margin: 1.35rem 0 .3rem; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a { display: flex; gap: .5rem; padding: .15rem .4rem; line-height: 1.35; margin-left: -.4rem; border-radius: 5px;
  color: var(--ink); }
nav li a:hover { background: var(--mark); text-decoration: none; }
nav .method { flex: 0 0 2.9rem; font-size: .66rem; line-height: 1.25rem; letter-spacing: 0; }
main { padding: 2rem clamp(1.2rem, 3.2vw, 3.4rem) 8rem; }
header h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .2rem; letter-spacing: -.02em; }
header .version { color: var(--faint); margin: 0 0 1.2rem; }
.prose { max-width: 46rem; }
.prose p, .prose ul { margin: .5rem 0; }
h2.tag { font-size: 1.5rem; letter-spacing: -.01em; margin: 4rem 0 .2rem; }
h2.tag + p { color: var(--faint); margin: 0 0 1rem; }
.operation { border-top: 1px solid var(--line); padding: 1.8rem 0 2.2rem; display: grid; gap: 0 2.6rem;
  grid-template-columns: minmax(0, 1.12fr) minmax(0, 1fr); }
.operation > .title { grid-column: 1 / -1; }
.operation h3 { font-size: 1.15rem; margin: 0 0 .45rem; }
.operation h3 a { color: inherit; }
.call { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .7rem; margin: 0 0 .9rem; }
.path { font-size: .95rem; overflow-wrap: anywhere; }
.path b { color: var(--faint); font-weight: 500; }
.method { font-weight: 700; font-size: .8rem; letter-spacing: .02em; }
.get { color: var(--get); } .post { color: var(--post); } .put { color: var(--put); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
.right { margin-left: auto; color: var(--faint); font-size: .85rem; }
h4 { font-size: .82rem; font-weight: 600; color: var(--faint); margin: 1.5rem 0 .35rem; }
.example h4:first-child { margin-top: .15rem; }
dl { margin: 0; }
dl.fields > div { display: grid; grid-template-columns: minmax(7rem, 10rem) minmax(0, 1fr); gap: 0 1rem;
  padding: .42rem 0; border-top: 1px solid var(--line); }
dl.fields > div:first-child { border-top: 0; }
dt { font-weight: 550; overflow-wrap: anywhere; }
dt code { background: none; padding: 0; }
dt small { display: block; color: var(--bad); font-weight: 500; }
dd { margin: 0; }
dd .type { color: var(--faint); font-size: .86rem; display: block; overflow-wrap: anywhere; }
dl.inner { grid-column: 1 / -1; margin: .2rem 0 0 1rem; padding-left: .9rem; border-left: 2px solid var(--line); }
.answers > div { display: grid; grid-template-columns: 3rem minmax(0, 1fr); padding: .18rem 0; }
.answers dt.ok { color: var(--good); } .answers dt.no { color: var(--bad); }
.answers .more { color: var(--faint); font-size: .86rem; }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem;
  margin: 0 0 .9rem; overflow: auto; max-height: 27rem; font-size: .8rem; line-height: 1.5; tab-size: 2; }
pre code { background: none; padding: 0; font-size: inherit; overflow-wrap: normal; }
.example figcaption { color: var(--faint); font-size: .84rem; margin-bottom: .25rem; }
.example figure { margin: 0; }
.schema { border-top: 1px solid var(--line); padding: 1.3rem 0; max-width: 58rem; }
.schema h3 { margin: 0 0 .3rem; font-size: 1.05rem; }
table { border-collapse: collapse; max-width: 58rem; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem 1rem .45rem 0; border-top: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; font-size: .82rem; border-top: 0; }
:target > .title h3 a, .schema:target h3 a { background: var(--mark); box-shadow: 0 0 0 .35rem var(--mark);
  border-radius: 2px; }
@media (max-width: 74rem) { .operation { grid-template-columns: minmax(0, 1fr); } .example { margin-top: 1rem; } }
@media (max-width: 52rem) {
  .layout { display: block; }
  nav { position: static; height: auto; max-height: 40vh; border-right: 0; border-bottom: 1px solid var(--line); }
  dl.fields > div { grid-template-columns: minmax(0, 1fr); }
  .right { margin-left: 0; width: 100%; }
}
@media print { nav { display: none; } .layout, .operation { display: block; } pre { max-height: none; } }
"""
"""Of `/docs`."""
