"""The app's own looks, on top of Streamlit's theme: both light and dark follow from the theme's colours."""

from __future__ import annotations

from typing import Final

#: Streamlit's options for the two themes, as the command gives them.
THEME: Final = {
    "theme.light.primaryColor": "#0f766e",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f3f6f6",
    "theme.light.textColor": "#14201f",
    "theme.light.borderColor": "#d9e1e0",
    "theme.dark.primaryColor": "#12897d",
    "theme.dark.backgroundColor": "#0f1515",
    "theme.dark.secondaryBackgroundColor": "#182020",
    "theme.dark.textColor": "#e8efee",
    "theme.dark.borderColor": "#2c3837",
    "theme.baseRadius": "0.6rem",
}

CSS: Final = """
<style>
.stMainBlockContainer { padding-top: 4.2rem; padding-bottom: 3rem; max-width: 1280px; }
.ab-title { font-size: 1.9rem; margin: 0 0 .1rem; padding: 0; letter-spacing: -.02em; line-height: 1.2; }
.ab-lead { opacity: .75; margin: 0; max-width: 62ch; }
.ab-section { font-size: 1.2rem; margin: 1.1rem 0 0; padding: 0; letter-spacing: -.01em; }
.ab-muted { opacity: .72; font-size: .86rem; margin: 0; }

/* cards: one grid of Streamlit's own containers, the whole card is its button */
[class*="st-key-cards-"] { display: grid !important; gap: .9rem;
  grid-template-columns: repeat(auto-fill, minmax(210px, 1fr)); }
[class*="st-key-cards-"] > div { width: auto !important; min-width: 0; }
[class*="st-key-cards-"] > .stLayoutWrapper, [class*="st-key-cards-"] > div { height: 100%; }
[class*="st-key-card-"] > .stElementContainer:has(.ab-card), [class*="st-key-card-"] .stHtml:has(.ab-card) { height: 100%; flex: 1; }
[class*="st-key-card-"] { position: relative; height: 100%; width: 100% !important; gap: 0 !important;
  border: 1px solid color-mix(in srgb, currentColor 16%, transparent); border-radius: .8rem; overflow: hidden;
  background: color-mix(in srgb, currentColor 2%, transparent);
  transition: transform .12s ease, box-shadow .12s ease, border-color .12s ease; }
[class*="st-key-card-"]:hover { transform: translateY(-2px); box-shadow: 0 6px 18px rgb(0 0 0 / .14);
  border-color: color-mix(in srgb, var(--st-primary-color, #0f766e) 60%, transparent); }
[class*="st-key-card-"]:has(button:focus-visible), [class*="st-key-row-"]:has(button:focus-visible) {
  outline: 3px solid var(--st-primary-color, #0f766e); outline-offset: 2px; }
[class*="st-key-card-"] .stElementContainer:has(button), [class*="st-key-row-"] .stElementContainer:has(button) {
  position: absolute !important; inset: 0; width: 100% !important; height: 100% !important; z-index: 2; }
[class*="st-key-card-"] .stButton, [class*="st-key-card-"] .stButton button,
[class*="st-key-row-"] .stButton, [class*="st-key-row-"] .stButton button,
[class*="st-key-card-"] .stTooltipIcon, [class*="st-key-card-"] .stTooltipHoverTarget {
  width: 100%; height: 100%; min-height: 100%; }
[class*="st-key-card-"] .stButton button, [class*="st-key-row-"] .stButton button { opacity: 0; cursor: pointer; }
.ab-card { display: flex; flex-direction: column; height: 100%; }
.ab-card img { width: 100%; aspect-ratio: 16 / 9; object-fit: cover; display: block; background: #fff1; }
.ab-card-body { padding: .65rem .8rem .8rem; display: flex; flex-direction: column; gap: .3rem; flex: 1; }
.ab-card-title { font-weight: 600; font-size: .93rem; line-height: 1.28; overflow-wrap: anywhere; display: -webkit-box;
  -webkit-line-clamp: 3; -webkit-box-orient: vertical; overflow: hidden; margin: 0; }
.ab-facts { font-size: .8rem; opacity: .75; margin: 0; overflow-wrap: anywhere; }
.ab-because { font-size: .82rem; line-height: 1.35; margin: .15rem 0 0; overflow-wrap: anywhere; opacity: .9; }
.ab-foot { margin-top: auto; padding-top: .35rem; display: flex; gap: .35rem; flex-wrap: wrap; align-items: center; }
.ab-chip { font-size: .72rem; border-radius: 99px; padding: .08rem .5rem; white-space: nowrap; line-height: 1.5;
  background: color-mix(in srgb, currentColor 9%, transparent); }
.ab-chip.strong { background: color-mix(in srgb, var(--st-primary-color, #0f766e) 20%, transparent); }
.ab-chip.warn { background: color-mix(in srgb, #d97706 26%, transparent); }
.ab-price { font-weight: 600; }
.ab-rank { position: absolute; top: .55rem; left: .55rem; background: rgb(0 0 0 / .62); color: #fff; font-size: .76rem;
  font-weight: 600; border-radius: 99px; padding: .05rem .55rem; }

/* the product that is looked at */
.ab-product { display: grid; grid-template-columns: minmax(180px, 300px) 1fr; gap: 1.3rem; align-items: start; }
.ab-product img { width: 100%; border-radius: .8rem; aspect-ratio: 16 / 10; object-fit: cover; }
.ab-product h2 { font-size: 1.45rem; line-height: 1.22; margin: 0 0 .4rem; padding: 0; overflow-wrap: anywhere; }
.ab-product h2.long { font-size: 1.08rem; line-height: 1.3; }
.ab-product dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .9rem; margin: .5rem 0 0; padding: 0; font-size: .9rem; }
.ab-product dt { opacity: .68; } .ab-product dd { margin: 0; overflow-wrap: anywhere; }

/* rows: search results and neighbours */
[class*="st-key-rows-"] { gap: .3rem !important; }
[class*="st-key-row-"] { position: relative; border-radius: .6rem; gap: 0 !important;
  border: 1px solid transparent; }
[class*="st-key-row-"]:hover { background: color-mix(in srgb, var(--st-primary-color, #0f766e) 10%, transparent); }
.ab-row { display: grid; grid-template-columns: 54px 1fr max-content; gap: .75rem; align-items: center; padding: .3rem .5rem; }
.ab-row img { width: 54px; height: 36px; border-radius: .35rem; object-fit: cover; }
.ab-row-title { font-weight: 550; font-size: .92rem; line-height: 1.25; overflow-wrap: anywhere; }
.ab-row-title, .ab-clamp { display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; }
.ab-row-end { text-align: right; font-size: .82rem; }

/* side by side, with the same rows */
.ab-tablewrap { overflow-x: auto; }
table.ab-table { border-collapse: collapse; width: 100%; font-size: .86rem; }
table.ab-table th { text-align: left; font-weight: 600; padding: .4rem .55rem; white-space: nowrap;
  border-bottom: 2px solid color-mix(in srgb, currentColor 18%, transparent); }
table.ab-table td { padding: .38rem .55rem; vertical-align: top;
  border-bottom: 1px solid color-mix(in srgb, currentColor 10%, transparent); }
table.ab-table.wide td:first-child { min-width: 10.5rem; }
table.ab-table.wide td:last-child { min-width: 13rem; }
table.ab-table td.num, table.ab-table th.num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
table.ab-table td.line { white-space: nowrap; }
table.ab-table tr.all td { background: color-mix(in srgb, var(--st-primary-color, #0f766e) 9%, transparent); }
table.ab-table tr.lone td.here { background: color-mix(in srgb, #d97706 17%, transparent); }
table.ab-table tbody tr:hover td { background: color-mix(in srgb, currentColor 6%, transparent); }
.ab-up { color: #16915d; } .ab-down { color: #cc5a3c; }
.ab-bar { display: inline-block; height: .5rem; border-radius: 99px; vertical-align: middle;
  background: var(--st-primary-color, #0f766e); opacity: .8; }

.ab-notice { max-width: 34rem; margin: 12vh auto 1rem; text-align: center; }
.ab-notice-icon { width: 64px; height: 64px; display: inline-block; }
.ab-notice h2 { margin: .7rem 0 .4rem; font-size: 1.4rem; padding: 0; }
.ab-notice p { opacity: .82; overflow-wrap: anywhere; }
.ab-notice pre { text-align: left; padding: .8rem 1rem; border-radius: .6rem; white-space: pre-wrap;
  overflow-wrap: anywhere; background: color-mix(in srgb, currentColor 7%, transparent); font-size: .84rem; }
.ab-tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: .8rem; }
.ab-tile { border: 1px solid color-mix(in srgb, currentColor 16%, transparent); border-radius: .8rem; padding: .7rem .9rem; }
.ab-tile b { display: block; font-size: 1.35rem; letter-spacing: -.02em; overflow-wrap: anywhere; line-height: 1.25; }
.ab-tile span { font-size: .8rem; opacity: .72; line-height: 1.3; display: block; margin-top: .15rem; }
.ab-legend { margin-right: 1rem; white-space: nowrap; display: inline-block; }
.ab-dot { display: inline-block; width: .62rem; height: .62rem; border-radius: 50%; margin-right: .4rem; }
@media (max-width: 640px) {
  .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; }
  .ab-title { font-size: 1.5rem; }
  .ab-product { grid-template-columns: 1fr; gap: .8rem; }
  [class*="st-key-cards-"] { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .6rem; }
  .ab-card-body { padding: .5rem .6rem .6rem; }
  .ab-row { grid-template-columns: 44px 1fr; } .ab-row img { width: 44px; height: 30px; } .ab-row-end { grid-column: 2; text-align: left; }
}
@media (prefers-reduced-motion: reduce) { [class*="st-key-card-"] { transition: none; } }
</style>
"""
