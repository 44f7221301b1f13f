import { type RedactionKind, redactionRules } from '../../../shared/captures/bundle.schema.ts'
import type { Inventory } from '../../../shared/rack/inventory.schema.ts'
import type { BoardFactName } from '../../../shared/rack/boardFacts.schema.ts'
import { reportStyle } from '../report/reportStyle.ts'
import { durationText, escaped, wallText } from '../report/reportText.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'

export interface BundledConsole {
  readonly name: string
  readonly camera: string
  readonly cameraName: string
  readonly fromMs: number
  readonly untilMs: number
  readonly lines: number
  /** The last ones, as they are in the file. */
  readonly tail: readonly string[]
}
export interface BundledCamera {
  readonly id: string
  readonly name: string
  readonly chip: string
  readonly pod: string
  readonly address: string
  readonly power: string
  readonly state: string
  /** What people say of it. */
  readonly inventory: Inventory
  /** What its console named, newest last. */
  readonly firmware: readonly string[]
  /** What its console said of its board, in the chosen time. */
  readonly board: Readonly<Partial<Record<BoardFactName, string>>>
}
export interface BundleFacts {
  readonly madeAtMs: number
  readonly versions: Readonly<Record<string, string>>
  readonly cameras: readonly BundledCamera[]
  readonly jobs: readonly { readonly job: Job; readonly name: string }[]
  readonly consoles: readonly BundledConsole[]
  readonly removed: Partial<Record<RedactionKind, number>>
  readonly rules: readonly string[]
  readonly hasRawBytes: boolean
}

const cell = (text: string): string => `<td>${escaped(text)}</td>`
const mono = (text: string): string => `<td><code>${escaped(text)}</code></td>`
const table = (head: readonly string[], rows: readonly string[]): string => `<table><thead><tr>${head.map((word) => `<th>${word}</th>`).join('')}</tr></thead><tbody>${rows.map((row) => `<tr>${row}</tr>`).join('')}</tbody></table>`
const section = (title: string, body: string, kind = ''): string => `<section${kind === '' ? '' : ` class="${kind}"`}><h2>${title}</h2>${body}</section>`
/** Names of files in the bundle are of a small alphabet. */
const fileLink = (name: string, word: string): string => `<a href="${escaped(name)}">${escaped(word)}</a>`

const otherTitles: Readonly<Record<string, string>> = { word: 'Words that were named', pattern: 'Patterns that were named', learned: 'The same secrets elsewhere' }
export const titleOfKind = (kind: RedactionKind): string => redactionRules.find(({ id }) => id === kind)?.title ?? otherTitles[kind] ?? kind

function removedPart({ removed, rules, hasRawBytes }: BundleFacts): string {
  const rows = Object.entries(removed).map(([kind, count]) => `${cell(titleOfKind(kind as RedactionKind))}<td class="n">${String(count)}</td>`)
  const asked = rules.length === 0 ? 'Nothing was looked for.' : `Looked for: ${escaped(rules.join(', '))}.`
  const raw = hasRawBytes ? '<p class="warn">▲ The folder "raw" holds every byte as it was. Nothing was taken out there.</p>' : '<p>The raw bytes of the consoles are not in this bundle.</p>'
  return section('Taken out', `<p>${asked} Each place has a mark in square brackets. A rule finds what it knows; look through the files before you pass them on.</p>${raw}${rows.length === 0 ? '<p>Nothing was found.</p>' : table(['What', 'Places'], rows)}`)
}

function jobPart({ job, name }: BundleFacts['jobs'][number]): string {
  const titles = new Map(job.plan.phases.map((each) => [each.name, each.title]))
  const phases = job.phases.map((phase) => `${cell(titles.get(phase.name) ?? phase.name)}${cell(phase.state)}<td class="n">${phase.elapsedMs === undefined ? '' : durationText(phase.elapsedMs)}</td>${cell(phase.startedAtMs === undefined ? '' : wallText(phase.startedAtMs))}`)
  return `<details><summary>${escaped(job.title)} · ${escaped(job.verdict ?? job.state)} · ${wallText(job.queuedAtMs)}</summary>`
    + `<p>${fileLink(`${name}.html`, 'Report')} ${fileLink(`${name}.json`, 'for programs')}${job.error ? ` <span class="bad">✖ ${escaped(job.error.message)}</span>` : ''}</p>${table(['Phase', 'State', 'Took', 'Began'], phases)}</details>`
}

const consolePart = ({ name, cameraName, camera, fromMs, untilMs, lines, tail }: BundledConsole): string =>
  `<details><summary>${escaped(cameraName)} · ${wallText(fromMs)} to ${wallText(untilMs)} · ${String(lines)} lines</summary><p>${fileLink(name, 'All lines')} of ${escaped(camera)}; the last of them:</p><pre>${escaped(tail.join('\n'))}</pre></details>`

/** Notes are long, and stand in `inventory.json`. */
const saidOf = ({ labels, group, place, maintenance }: Inventory): readonly string[] => [
  place ? `${place.rack}, row ${String(place.row)}, slot ${String(place.slot)}` : '', group, labels.join(', '), maintenance ? `set aside ${wallText(maintenance.sinceMs)}: ${maintenance.note}` : '',
].filter((words) => words !== '')

const cameraRow = (each: BundledCamera): string =>
  `<td>${[escaped(each.name), `<code>${escaped(each.id)}</code>`, ...saidOf(each.inventory).map(escaped)].join('<br>')}</td>${mono(each.chip)}${mono(`${each.pod} ${each.address}`)}${cell(each.power)}${cell(each.state)}<td>${Object.entries(each.board).map(([fact, text]) => `${fact} <code>${escaped(text)}</code>`).join('<br>') || 'not seen'}</td><td>${each.firmware.map((text) => `<code>${escaped(text)}</code>`).join('<br>') || 'not seen'}</td>`

const counted = (count: number, word: string): string => `${String(count)} ${word}${count === 1 ? '' : 's'}`
const none = (word: string): string => `<p class="off">${word}</p>`

/** The page that opens first: it needs nothing else and runs nothing, whatever a console said. */
export function renderBundleIndex(facts: BundleFacts): string {
  const { madeAtMs, versions, cameras, jobs, consoles } = facts
  const about = Object.entries(versions).map(([name, version]) => `<dt>${escaped(name)}</dt><dd class="mono">${escaped(version)}</dd>`).join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer"><title>Support bundle · Rackbench</title><style>${reportStyle}a{color:var(--busy)}summary{cursor:pointer;min-height:28px;line-height:28px}details+details{border-top:1px solid var(--line)}td{overflow-wrap:anywhere;vertical-align:top;padding-block:4px}.cameras table{table-layout:fixed}.cameras th:nth-child(-n+5){width:11%}</style></head>
<body><main><h1>Support bundle</h1><p>Made ${wallText(madeAtMs)}: ${counted(cameras.length, 'camera')}, ${counted(jobs.length, 'job')}, ${counted(consoles.length, 'console session')}.</p>
${section('Versions', `<dl>${about}</dl>`)}
${section('Cameras', cameras.length === 0 ? none('No inventory was chosen.') : table(['Camera', 'Chip', 'Pod or line', 'Power', 'State', 'Board', 'Firmware'], cameras.map(cameraRow)), 'cameras')}
${section('Jobs', jobs.length === 0 ? none('No job of these cameras in this time.') : jobs.map(jobPart).join(''))}
${section('Consoles', consoles.length === 0 ? none('Nothing was captured in this time, or no console was chosen.') : consoles.map(consolePart).join(''))}
${removedPart(facts)}
</main></body></html>
`
}
