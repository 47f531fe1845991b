"""The style sheet of the login pages, which stands in each page and is named by its hash in the policy.

Only casectl.api.oauth imports this module.
"""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #eef1f5; --card: #ffffff; --line: #d5dbe3; --ink: #18212d; --faint: #566273; --accent: #0b5cad;
  --on-accent: #ffffff; --accent-strong: #094a8c; --field: #ffffff; --mark: #eaf2fb; --bad: #a8281e;
  --bad-ground: #fdeeec; --good: #1a7f4b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0e1217; --card: #171d25; --line: #303a47; --ink: #e3e9f0; --faint: #9aa7b7; --accent: #74b3f5;
    --on-accent: #0b1a2b; --accent-strong: #9ac9fa; --field: #10151b; --mark: #1a2735; --bad: #f59a90;
    --bad-ground: #33191a; --good: #5ccb92;
  }
}
* { box-sizing: border-box; }
html { min-height: 100%; background: var(--ground); }
body { margin: 0; min-height: 100vh; min-height: 100dvh; display: flex; flex-direction: column; align-items: center;
  justify-content: center; padding: 1.25rem; gap: 1.1rem; color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { width: 100%; max-width: 26.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 14px;
  padding: 1.9rem 2rem 2rem; box-shadow: 0 1px 2px rgb(10 20 40 / .05), 0 12px 32px rgb(10 20 40 / .08); }
.brand { display: flex; align-items: center; gap: .55rem; font-weight: 650; letter-spacing: -.01em;
  margin: 0 0 1.35rem; }
.brand svg { width: 1.7rem; height: 1.7rem; display: block; color: var(--accent); }
h1 { font-size: 1.4rem; line-height: 1.25; letter-spacing: -.015em; margin: 0 0 .4rem; overflow-wrap: anywhere; }
p { margin: .45rem 0; overflow-wrap: anywhere; }
.faint { color: var(--faint); font-size: .93rem; }
form { margin: 1.2rem 0 0; }
label { display: block; font-weight: 550; font-size: .93rem; margin: 0 0 .3rem; }
.field { margin: 0 0 1rem; }
input[type=text], input[type=password] { width: 100%; font: inherit; color: inherit; background: var(--field);
  border: 1px solid var(--line); border-radius: 8px; padding: .62rem .75rem; }
input.code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: 1.4rem; letter-spacing: .12em; text-align: center; text-transform: uppercase; }
input:focus-visible, button:focus-visible, summary:focus-visible, a:focus-visible {
  outline: 3px solid var(--accent); outline-offset: 2px; }
button { font: inherit; font-weight: 600; border-radius: 8px; padding: .66rem 1.1rem; cursor: pointer;
  border: 1px solid var(--line); background: transparent; color: inherit; min-height: 2.8rem; }
button:hover { background: var(--mark); }
button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
button.main:hover { background: var(--accent-strong); border-color: var(--accent-strong); }
button.plain { border: 0; padding: 0; min-height: 0; font-weight: 500; color: var(--accent); text-decoration: underline;
  text-underline-offset: .15em; background: none; }
.wide { width: 100%; margin-top: .35rem; }
.choice { display: grid; grid-template-columns: 1fr 1.4fr; gap: .75rem; }
.alert { background: var(--bad-ground); color: var(--bad); border-radius: 8px; padding: .65rem .85rem; margin: 1rem 0 0;
  font-size: .95rem; }
ul { list-style: none; margin: .9rem 0 0; padding: 0; }
li { position: relative; padding: .28rem 0 .28rem 1.55rem; }
li::before { content: ""; position: absolute; left: .2rem; top: .72rem; width: .72rem; height: .36rem;
  border-left: 2px solid var(--good); border-bottom: 2px solid var(--good); transform: rotate(-45deg); }
details { margin: .9rem 0 0; border: 1px solid var(--line); border-radius: 8px; padding: .15rem .85rem; }
details ul { margin: 0 0 .5rem; max-height: 16rem; overflow-y: auto; font-size: .93rem; }
summary { cursor: pointer; padding: .5rem 0; font-weight: 550; font-size: .95rem; }
.user { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: baseline; gap: .2rem .8rem;
  border-top: 1px solid var(--line); margin: 1.5rem 0 0; padding: 1rem 0 0; font-size: .93rem; color: var(--faint); }
.user form { margin: 0; }
.code-shown { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace;
  font-size: 1.7rem; letter-spacing: .1em; text-align: center; background: var(--mark); border-radius: 8px;
  padding: .6rem; margin: 1.1rem 0; }
@media (max-width: 30rem) {
  html { background: var(--card); }
  body { justify-content: flex-start; padding: 0 0 1.5rem; }
  main { border: 0; border-radius: 0; box-shadow: none; padding: 1.6rem 1.3rem; max-width: none; }
  .choice { grid-template-columns: 1fr; }
  .choice .main { order: -1; }
}
"""
