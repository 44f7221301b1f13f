import type { Figures } from '../../../shared/batch/batchView.schema.ts'
import { reportStyle } from '../report/reportStyle.ts'
import { durationText, escaped, wallText } from '../report/reportText.ts'
import { bootTimes, detailsOfBatch, imageName, isBad } from './batchFigures.ts'
import type { Batch, BatchItem } from './batchState.ts'

/** More rows than a person reads make a page that no browser opens; the CSV has them all. */
const maxRows = 2_000
const maxExcerpts = 100
const columns = 40

const tones: Readonly<Record<string, string>> = { passed: 'ok', failed: 'bad', 'timed out': 'bad', stopped: 'bad', 'not judged': 'warn', 'left out': 'off', interrupted: 'warn', cancelled: 'off' }
const toned = (state: string): string => `<span class="${tones[state] ?? 'unknown'}">${escaped(state)}</span>`
const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
const section = (title: string, body: string): string => (body === '' ? '' : `<section><h2>${escaped(title)}</h2>${body}</section>\n`)
const table = (heads: readonly string[], rows: readonly string[]): string => (rows.length === 0 ? '' : `<table><thead><tr>${heads.map((head) => `<th>${escaped(head)}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`)
const row = (cells: readonly string[]): string => `<tr>${cells.map((each) => `<td>${each}</td>`).join('')}</tr>`

function figures(title: string, all: readonly Figures[]): string {
  return section(title, table(['', 'Passed', 'Median', '90 % within', '99 % within', 'Longest'], all.map(({ name, count, medianMs, p90Ms, p99Ms, maxMs }) =>
    row([escaped(name), String(count), ...[medianMs, p90Ms, p99Ms, maxMs].map(durationText)]))))
}

/** How often a boot took how long; the shape tells two kinds of boots that a median hides. */
function histogram(name: string, values: readonly number[]): string {
  // Not spread into arguments: a hundred thousand of them are more than a call takes.
  const [least, most] = [values.reduce((a, b) => Math.min(a, b), Infinity), values.reduce((a, b) => Math.max(a, b), 0)]
  const width = Math.max(1, (most - least) / columns)
  const bins = Array.from({ length: columns }, () => 0)
  for (const value of values) { const at = Math.min(columns - 1, Math.floor((value - least) / width)); bins[at] = (bins[at] ?? 0) + 1 }
  const tallest = Math.max(...bins)
  const bars = bins.map((count, index) => (count === 0 ? '' : `<rect class="ok" x="${index * 20 + 1}" y="${(100 - (count / tallest) * 96).toFixed(1)}" width="18" height="${((count / tallest) * 96).toFixed(1)}"><title>${count} from ${escaped(durationText(least + index * width))}</title></rect>`)).join('')
  return `<h3>${escaped(name)}: ${counted(values.length, 'boot')}</h3><svg viewBox="0 0 800 122" role="img" aria-label="${escaped(`${counted(values.length, 'boot')} of ${name}, from ${durationText(least)} to ${durationText(most)}`)}">${bars}<line x1="0" y1="100" x2="800" y2="100" stroke="currentColor" stroke-opacity="0.3"/><text x="0" y="116">${escaped(durationText(least))}</text><text x="800" y="116" text-anchor="end">${escaped(durationText(most))}</text></svg>`
}

/** Which of them is the bad one is what most people open the page for. */
function byImage(items: readonly BatchItem[]): string {
  const states = ['passed', 'failed', 'timed out', 'not judged', 'left out'] as const
  const images = [...new Set(items.map(imageName))]
  return table(['Image', ...states.map((state) => state.replace(/^./, (letter) => letter.toUpperCase()))], images.map((image) => {
    const mine = items.filter((item) => imageName(item) === image)
    return row([escaped(image), ...states.map((state) => { const count = mine.filter((item) => item.state === state).length; return count === 0 ? '0' : `<span class="${tones[state] ?? 'unknown'}">${count}</span>` })])
  }))
}

const attemptsText = ({ attempts }: BatchItem): string => attempts.map(({ attempt, result }) => `${attempt}. ${toned(result?.outcome ?? 'running')}${result?.cause === undefined ? '' : ` ${escaped(result.cause)}: ${escaped(result.evidence ?? '')}`}`).join('<br>')

function itemRows(items: readonly BatchItem[]): string {
  const begun = items.filter(({ attempts }) => attempts.length > 0)
  const shown = [...begun.filter(({ state }) => isBad(state)), ...begun.filter(({ state }) => state === 'not judged'), ...begun.filter(({ state }) => !isBad(state) && state !== 'not judged')].slice(0, maxRows)
  const never = items.length - begun.length
  const many = never === 1 ? '1 item' : `${never} items`
  const canStill = items.some(({ state }) => state === 'waiting')
  const notes = [
    ...(shown.length < begun.length ? [`${begun.length - shown.length} more are in the CSV; those that did not pass stand first.`] : []),
    ...(never > 0 ? [canStill ? `${many} not begun yet; the CSV names all.` : `${many} never begun; the CSV names all.`] : []),
  ]
  const note = notes.map((each) => `<p class="hint">${each}</p>`).join('')
  return `${table(['Camera', 'Image', 'Cycle', 'State', 'Attempts'], shown.map((item) => row([escaped(item.target.name), escaped(imageName(item)), `<span class="nw">${item.cycle}${item.isCanary ? ' (canary)' : ''}</span>`, toned(item.state), attemptsText(item)])))}${note}`
}

function excerpts(items: readonly BatchItem[]): string {
  const all = items.flatMap((item) => item.attempts.flatMap(({ attempt, result }) => (result?.excerpt === undefined || result.excerpt.trim() === '' ? [] : [{ item, attempt, text: result.excerpt }])))
  return all.slice(0, maxExcerpts).map(({ item, attempt, text }) => `<details><summary>${escaped(`${item.target.name}, ${imageName(item)}, cycle ${item.cycle}, attempt ${attempt}`)}</summary><div class="last"><pre>${escaped(text)}</pre></div></details>`).join('')
}

/** One file that any browser opens, without the program and without a network. Nothing in it runs: the policy forbids it, and the text is dead. */
export function renderBatchHtml(batch: Batch): string {
  const details = detailsOfBatch(batch)
  const { counts } = details
  const facts: readonly (readonly [string, string])[] = [
    ['Began', wallText(batch.queuedAtMs)], ['Ended', details.endedAtMs === undefined ? 'not yet' : `${wallText(details.endedAtMs)}, after ${durationText(details.endedAtMs - batch.queuedAtMs)}`],
    ['What', `${details.workflow} on ${counted(details.cameras, 'camera')}${batch.plan.images.length > 0 ? `, images ${batch.plan.images.map(({ name }) => name).join(', ')}` : ''}, ${counted(batch.plan.cycles, 'cycle')}`],
    ['Counted', Object.entries(counts).filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`).join(', ')],
    ['Pass rate', details.passRate === undefined ? 'nothing was judged' : `${(details.passRate * 100).toFixed(1)} % of those that were judged`],
    ['Stops', `above ${batch.plan.stop.failedPercent} % failed or timed out; a camera after ${counted(batch.plan.stop.failuresPerCamera, 'failure')}${batch.plan.canary ? `; canary of ${batch.plan.canary.cameras}` : ''}`],
    ...(details.sequential === undefined ? [] : [['Sequential test', details.sequential] as const]),
  ]
  const body = [
    `<h1>${escaped(details.name)}</h1><p class="verdict">${toned(details.state)}</p><p>${escaped(details.sentence === '' ? 'It has not ended yet.' : details.sentence)}</p>\n`,
    section('The batch', `<dl>${facts.map(([name, value]) => `<dt>${escaped(name)}</dt><dd>${escaped(value)}</dd>`).join('')}</dl>`),
    section('By image', byImage(batch.items)),
    section('Why attempts did not pass', table(['Cause', 'Attempts'], details.causes.map(({ cause, count }) => row([escaped(cause), String(count)])))),
    section('Set aside', `${details.quarantined.length === 0 ? '' : `<ul>${details.quarantined.map(({ sentence }) => `<li>${escaped(sentence)}</li>`).join('')}</ul>`}`),
    section('Sometimes passed, sometimes not', table(['Camera', 'Image', 'Passed', 'Failed', 'Where'], details.flaky.map(({ name, image, passed, failed, where }) => row([escaped(name), escaped(image), String(passed), String(failed), escaped(where)])))),
    figures('Time of each phase', details.phases), figures('Until the login prompt', details.boots),
    section('Boot times', [...bootTimes(batch)].map(([name, values]) => histogram(name, values)).join('')),
    section('Every item that was begun', itemRows(batch.items)), section('What consoles said last', excerpts(batch.items)),
  ].join('')
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(details.name)}: ${escaped(details.state)}</title><style>${reportStyle}td{padding:4px 12px 4px 0;overflow-wrap:anywhere}td .ok,td .bad,td .warn,td .off,td .unknown,.nw{white-space:nowrap}.last{display:flex;flex-direction:column-reverse;max-height:480px;overflow:auto;border-radius:4px}.last pre{max-height:none;flex:none}@media print{.last{max-height:none}}h3{font-size:13px;margin:12px 0 4px}summary{cursor:pointer;padding:4px 0}</style></head><body><main>\n${body}</main></body></html>\n`
}
