/** The product's own look, without its fonts: one file has to do. */
export const reportStyle = `
:root{color-scheme:light dark;--bg:#f3f5f7;--surface:#fff;--line:#d9e0e6;--strong:#b9c4ce;--ink:#15202a;--ink2:#4b5b69;--ink3:#7a8996;--ok:#1d8a55;--busy:#0f7ba6;--warn:#9a6b00;--bad:#c23b38;--unknown:#7250b8;--termbg:#10151a;--termink:#d5e0e8}
@media (prefers-color-scheme:dark){:root{--bg:#0e1216;--surface:#151b21;--line:#28323c;--strong:#3a4753;--ink:#e6edf3;--ink2:#9fb0bf;--ink3:#6b7c8c;--ok:#57c38a;--busy:#4fb3d9;--warn:#e0b04c;--bad:#ef6f6c;--unknown:#b79ae8;--termbg:#0a0d10;--termink:#c9d6df}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);font:13px/20px 'IBM Plex Sans',Inter,system-ui,sans-serif}
main{max-width:1040px;margin:0 auto;padding:24px}h1{font-size:20px;line-height:28px;margin:0 0 4px}h2{font-size:15px;line-height:24px;margin:0 0 8px}
section{background:var(--surface);border:1px solid var(--line);border-radius:4px;padding:12px 16px;margin:12px 0}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th{text-align:left;font-weight:500;color:var(--ink2)}
th,td{height:28px;padding:0 12px 0 0;border-bottom:1px solid var(--line);vertical-align:middle}td.n,th.n{text-align:right}tr:last-child td{border-bottom:0}
code,pre,.mono,svg text{font-family:'IBM Plex Mono','JetBrains Mono',ui-monospace,monospace;font-size:12px}
pre{background:var(--termbg);color:var(--termink);padding:12px;border-radius:4px;overflow:auto;max-height:480px;white-space:pre-wrap;overflow-wrap:anywhere;margin:0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:0}dt{color:var(--ink2)}dd{margin:0;overflow-wrap:anywhere}ul{margin:0;padding-left:20px}
.verdict{font-size:15px;font-weight:600}.ok{color:var(--ok)}.bad{color:var(--bad)}.warn{color:var(--warn)}.unknown{color:var(--unknown)}.off{color:var(--ink3)}.hint{color:var(--ink2)}
svg{display:block;width:100%;height:auto}svg .flash{fill:var(--bg);stroke:var(--strong)}svg .ok{fill:var(--ok)}svg .bad{fill:var(--bad)}svg .warn{fill:var(--warn)}svg .unknown{fill:var(--unknown)}svg .off{fill:var(--strong)}svg text{fill:var(--ink2);font-size:11px}
@media print{pre{max-height:none}section{break-inside:avoid}}
`
