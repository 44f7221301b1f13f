import { wallText } from '../report/reportText.ts'
import { detailsOfBatch, imageName, isBad, viewItem } from './batchFigures.ts'
import type { Batch, BatchItem } from './batchState.ts'

/** XML 1.0 knows no control characters, not even escaped; what a console says may hold any of them. */
export const xmlText = (text: string): string => text
  .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
  .replace(/[&<>"'\r\n\t]/g, (letter) => `&#${letter.charCodeAt(0)};`)

const seconds = (ms: number): string => (ms / 1000).toFixed(3)
const elapsedOf = ({ attempts }: BatchItem): number => attempts.reduce((sum, { result }) => sum + (result?.elapsedMs ?? 0), 0)

function caseOf(item: BatchItem): string {
  const result = item.attempts.at(-1)?.result
  const open = `    <testcase classname="${xmlText(item.target.name)}" name="${xmlText(`${imageName(item)}, cycle ${item.cycle}`)}" time="${seconds(elapsedOf(item))}"`
  const message = `message="${xmlText(result?.error?.message ?? result?.evidence ?? item.state)}"`
  const said = result?.excerpt === undefined ? '' : `      <system-out>${xmlText(result.excerpt)}</system-out>\n`
  const steps = (result?.phases.length ?? 0) === 0 ? '' : `      <properties>\n${(result?.phases ?? []).map(({ name, ms }) => `        <property name="${xmlText(`seconds of ${name}`)}" value="${seconds(ms)}"/>\n`).join('')}      </properties>\n`
  const words = xmlText(item.attempts.map(({ attempt, result: each }) => `attempt ${attempt}: ${each?.outcome ?? 'not ended'}${each?.cause === undefined ? '' : `, ${each.cause}: ${each.evidence ?? ''}`}`).join('\n'))
  switch (item.state) {
    case 'passed': return steps === '' ? `${open}/>\n` : `${open}>\n${steps}    </testcase>\n`
    case 'failed': case 'timed out': return `${open}>\n${steps}      <failure type="${xmlText(item.state === 'timed out' ? 'timed out' : result?.cause ?? 'unknown')}" ${message}>${words}</failure>\n${said}    </testcase>\n`
    case 'not judged': return `${open}>\n${steps}      <error type="${xmlText(result?.cause ?? 'infrastructure')}" ${message}>${words}</error>\n${said}    </testcase>\n`
    case 'left out': case 'waiting': case 'running': return `${open}>\n      <skipped ${message}/>\n    </testcase>\n`
  }
}

/** One suite for each image. What the bench did wrong is an error and no failure, and what was never begun is skipped. */
export function renderJunit(batch: Batch): string {
  const images = [...new Set(batch.items.map(imageName))]
  const countsOf = (items: readonly BatchItem[]): string => {
    const of = (wanted: (item: BatchItem) => boolean): number => items.filter(wanted).length
    return `tests="${items.length}" failures="${of(({ state }) => isBad(state))}" errors="${of(({ state }) => state === 'not judged')}" skipped="${of(({ state }) => state === 'left out' || state === 'waiting' || state === 'running')}" time="${seconds(items.reduce((sum, item) => sum + elapsedOf(item), 0))}"`
  }
  const suites = images.map((image) => {
    const items = batch.items.filter((item) => imageName(item) === image)
    return `  <testsuite name="${xmlText(image)}" ${countsOf(items)} timestamp="${wallText(batch.queuedAtMs).slice(0, 19).replace(' ', 'T')}">\n${items.map(caseOf).join('')}  </testsuite>\n`
  })
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${xmlText(batch.plan.name)}" ${countsOf(batch.items)}>\n${suites.join('')}</testsuites>\n`
}

/** A spreadsheet runs what begins like a formula. */
function cell(value: string | number): string {
  const text = String(value)
  const tame = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(tame) ? `"${tame.replaceAll('"', '""')}"` : tame
}

const whole = (ms: number | undefined): number | '' => (ms === undefined ? '' : Math.round(ms))

/** One row for each attempt, and one for each item that had none. */
export function renderBatchCsv(batch: Batch): string {
  const heads = ['item', 'camera', 'name', 'image', 'cycle', 'canary', 'state', 'attempt', 'outcome', 'cause', 'evidence', 'where', 'code', 'started', 'elapsed_ms', 'boot_ms', 'job', 'phases_ms']
  const rows = batch.items.flatMap((item) => {
    const of = [item.number, item.target.camera, item.target.name, imageName(item), item.cycle, item.isCanary ? 'yes' : 'no', item.state]
    if (item.attempts.length === 0) return [[...of, ...Array.from({ length: 11 }, () => '')]]
    return item.attempts.map(({ attempt, startedAtMs, result }) => [
      ...of, attempt, result?.outcome ?? '', result?.cause ?? '', result?.evidence ?? '', result?.where ?? '', result?.error?.code ?? '', wallText(startedAtMs), whole(result?.elapsedMs), whole(result?.bootMs), result?.job ?? '', (result?.phases ?? []).map(({ name, ms }) => `${name}=${Math.round(ms)}`).join(' '),
    ])
  })
  return [heads, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('')
}

/** More than a page shows of an item: the time of each phase, and what the console said last. */
function wholeItem(item: BatchItem): object {
  const { attempts, ...rest } = viewItem(item)
  return { ...rest, attempts: attempts.map((attempt, index) => { const result = item.attempts[index]?.result; return { ...attempt, ...(result ? { phases: result.phases } : {}), ...(result?.excerpt === undefined ? {} : { excerpt: result.excerpt }) } }) }
}

export const renderBatchJson = (batch: Batch): string => `${JSON.stringify({ format: 'rackbench-batch/1', ...detailsOfBatch(batch), items: batch.items.map(wholeItem) }, undefined, 1)}\n`
