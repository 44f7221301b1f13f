import { mapRows, mapSentence } from '../../../shared/agent/mapText.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { PartitionProgress, Verdict } from '../../../shared/restore/restore.schema.ts'
import { reportStyle } from './reportStyle.ts'
import { bytesText, durationText, escaped, hexText, placeFact, wallText } from './reportText.ts'

type Tone = 'ok' | 'bad' | 'warn' | 'unknown' | 'off'
interface Sign { readonly tone: Tone; readonly shape: string }

/** Shape and word and colour, because a printer has no colour. */
const signs: Readonly<Record<Tone, Sign>> = {
  ok: { tone: 'ok', shape: '●' }, bad: { tone: 'bad', shape: '✖' }, warn: { tone: 'warn', shape: '▲' },
  unknown: { tone: 'unknown', shape: '◇' }, off: { tone: 'off', shape: '○' },
}
const signed = (sign: Sign, words: string): string => `<span class="${sign.tone}">${sign.shape} ${escaped(words)}</span>`

const verdictWords: Readonly<Record<Verdict, readonly [Sign, string]>> = {
  'restored and booted': [signs.ok, 'Every byte was read back from flash, and the camera was seen to boot.'],
  'restored, boot not seen': [signs.warn, 'Every byte was read back from flash, but nobody saw the camera boot.'],
  'installed and booted': [signs.ok, 'Every byte and the environment were read back from flash, and the new system was seen to boot.'],
  'installed, boot not seen': [signs.warn, 'Every byte and the environment were read back from flash, but nobody saw the new system boot.'],
  'installed, U-Boot not confirmed': [signs.warn, 'Every byte and the environment were read back from flash, and the camera was seen to boot; that the installed U-Boot has started it was not.'],
  'failed (state known)': [signs.bad, 'The work failed. What the flash holds is known and listed below.'],
  'failed (state unknown)': [signs.unknown, 'The work failed inside an erase or write. What the flash holds there is unknown.'],
  'dumped and verified': [signs.ok, 'Every byte arrived with the CRC that the camera computed over its own flash, and lies in the files below.'],
  'U-Boot is running': [signs.ok, 'The U-Boot that was loaded into RAM answered at its prompt. The flash was not touched.'],
  'done and proved': [signs.ok, 'The flash agent did what it was asked, and every byte of it is proved by a CRC that the camera computed.'],
  'examined, not healthy': [signs.warn, 'Every sector was looked at, and some of them are bad or unstable. Nothing was changed.'],
  'updated and read back': [signs.ok, 'The device reports the version that was asked for, after all of it was in place.'],
  cancelled: [signs.off, 'The work was cancelled. Parts that are proved below stay as they are.'],
  interrupted: [signs.unknown, 'The program ended in the middle of the work. Ask the chip before trusting it.'],
}

/** Seen means: the camera computed this CRC over its own flash. */
const isProved = (each: PartitionProgress): boolean =>
  (each.state === 'proved' || each.state === 'unchanged') && each.readBackCrc32 === each.crc32

function partitionSign(each: PartitionProgress): Sign {
  if (isProved(each)) return signs.ok
  if (each.readBackCrc32 !== undefined && each.readBackCrc32 !== each.crc32 && each.state !== 'different') return signs.bad
  if (each.state === 'mismatch') return signs.bad
  return ['erasing', 'writing', 'reading-back', 'unknown'].includes(each.state) ? signs.unknown : signs.off
}

const partitionWord = (each: PartitionProgress): string =>
  isProved(each) ? (each.action === 'unchanged' || each.state === 'unchanged' ? 'unchanged, proved' : 'written, proved') : each.state

function row(cells: readonly string[], numeric: ReadonlySet<number> = new Set(), tag = 'td'): string {
  return `<tr>${cells.map((cell, index) => `<${tag}${numeric.has(index) ? ' class="n"' : ''}>${cell}</${tag}>`).join('')}</tr>`
}
function table(head: readonly string[], rows: readonly (readonly string[])[], numeric: readonly number[]): string {
  const right = new Set(numeric)
  return `<table><thead>${row(head, right, 'th')}</thead><tbody>${rows.map((cells) => row(cells, right)).join('')}</tbody></table>`
}
const section = (title: string, body: string): string => `<section><h2>${title}</h2>${body}</section>`

/** To scale: the width of a partition on paper is its share of the chip. */
function partitionMap(job: Job): string {
  const byPlace = [...job.partitions].sort((a, b) => a.offsetBytes - b.offsetBytes)
  const end = byPlace.reduce((far, each) => Math.max(far, each.offsetBytes + each.lengthBytes), 0)
  const total = Math.max(job.plan.flashBytes, end, 1)
  const place = (bytes: number): number => Math.round((bytes / total) * 9_600) / 10
  const parts = byPlace.map((each, index) => {
    const x = place(each.offsetBytes)
    const width = Math.max(1, place(each.lengthBytes))
    const { tone } = partitionSign(each)
    const label = escaped(each.name.slice(0, 16))
    return `<g><rect class="${tone}" x="${x}" y="20" width="${width}" height="36"><title>${escaped(each.name)}: ${escaped(partitionWord(each))}</title></rect>`
      + `<text x="${Math.min(x, 900)}" y="${index % 2 === 0 ? 14 : 70}">${label}</text></g>`
  })
  return `<svg viewBox="0 0 960 76" role="img" aria-label="Partition map of ${bytesText(total)} of flash">`
    + `<rect class="flash" x="0" y="20" width="960" height="36"/>${parts.join('')}</svg>`
}

function facts(job: Job): string {
  const { plan } = job
  const list: readonly (readonly [string, string])[] = [
    ['Camera', `${plan.cameraName} (${job.camera})`], placeFact(plan.podName, job.pod), ['Chip', plan.chip],
    ...workFacts(job), ['Queued', wallText(job.queuedAtMs)],
    ['Started', job.startedAtMs === undefined ? 'never' : wallText(job.startedAtMs)],
    ['Ended', job.endedAtMs === undefined ? 'not yet' : wallText(job.endedAtMs)],
    ['Took', job.elapsedMs === undefined ? 'unknown' : `${durationText(job.elapsedMs)} (forecast ${durationText(plan.forecastMs)})`],
    ['Job', job.id], ['Plan', plan.hash],
  ]
  return `<dl>${list.map(([name, value]) => `<dt>${name}</dt><dd class="mono">${escaped(value)}</dd>`).join('')}</dl>`
}

function workFacts(job: Job): readonly (readonly [string, string])[] {
  if (job.workflow === 'dump') return [['To', `${job.plan.request.outputPath} · ${job.plan.request.form}`]]
  if (job.workflow === 'burn') return [['U-Boot', job.plan.boot.uboot], ['Profile', job.plan.boot.profile], ['Answered', job.ubootVersion ?? 'nothing']]
  if (job.workflow === 'agent') return [['Work', job.plan.request.work.kind], ['Agent', job.plan.boot.agent || 'ran already'], ['Answered', job.agent ? `version ${job.agent.version}, flash ${job.agent.jedecId}, ${bytesText(job.agent.flashBytes)}` : 'nothing']]
  if (job.workflow === 'update') return [['From', job.plan.from ?? 'not told'], ['To', job.plan.to], ['Release', job.plan.release?.file ?? 'of the device itself'], ['Reports', job.versionRead ?? 'not read since']]
  const { input, tftp } = job.plan
  const release = job.workflow === 'install' ? installFacts(job) : []
  return [...release, ['Input', `${input.path} · ${input.kind} · ${bytesText(input.totalBytes)}`], ['SHA-256', input.sha256], ['TFTP', `${tftp.via}: ${tftp.reason}`]]
}

function installFacts(job: Extract<Job, { workflow: 'install' }>): readonly (readonly [string, string])[] {
  const { release, layout } = job.plan
  return [
    ['Release', `${release.soc || 'chip not told'}, ${release.kernelName}, ${release.rootfsKind}`],
    ...release.files.map(({ name, lengthBytes, md5 }) => [name, `${bytesText(lengthBytes)}, ${md5 === 'matches' ? 'MD5 matches' : 'no MD5 in the release'}`] as const),
    ['Layout', `${layout.name}: ${layout.mtdparts}`],
  ]
}

const stateSigns = { planned: signs.off, saving: signs.unknown, unknown: signs.unknown, proved: signs.ok } as const
const macWords = { kept: 'kept', missing: 'made: the camera had none', malformed: 'made: the camera\'s own is malformed', 'compiled-in': 'made: the camera had the one that is compiled into U-Boot' } as const

function environmentPart({ environment }: Job): string {
  if (!environment) return ''
  const { state, mac, set, keptCount, lost, crc32 } = environment
  const rows = [
    ['State', signed(stateSigns[state], state === 'proved' ? `saved, read back, CRC ${crc32 ?? ''}` : state)],
    ['Network address', `<code>${escaped(mac.address)}</code> ${escaped(macWords[mac.reason])}`],
    ['Kept', `${keptCount} variables`], ...(lost.length > 0 ? [['Forgotten', escaped(lost.join(', '))]] : []),
    ...set.map(({ name, value }) => [`<code>${escaped(name)}</code>`, `<code>${escaped(value)}</code>`]),
  ]
  return section('Environment', table(['Variable', 'Value'], rows, []))
}

function dumpTable(job: Job): string {
  return table(['Part', 'Offset', 'Length', 'CRC-32 of the camera', 'SHA-256', 'File'], job.dumped.map((each) => [
    `<code>${escaped(each.name)}</code>`, `<code>${hexText(each.offsetBytes)}</code>`, bytesText(each.lengthBytes), `<code>${escaped(each.crc32)}</code>`,
    `<code>${escaped(each.sha256)}</code>`, `<code>${escaped(each.path)}</code>`,
  ]), [1, 2])
}

function agentPart(job: Job): string {
  const map = job.flashMap && `<p>${escaped(mapSentence(job.flashMap))}</p><pre>${escaped(mapRows(job.flashMap).join('\n'))}</pre>`
  const sum = job.summed && `<p>CRC-32 of ${bytesText(job.summed.lengthBytes)} at ${hexText(job.summed.offsetBytes)}: <code>${job.summed.crc32}</code></p>`
  const memory = job.memory && `<p>Memory, ${job.memory.iterations} times ${bytesText(job.memory.lengthBytes)}: ${job.memory.fillTicks} ticks to fill, ${job.memory.readTicks} to read, ${job.memory.copyTicks} to copy, at ${job.memory.timerHz} ticks a second</p>`
  return (map ?? '') + (sum ?? '') + (memory ?? '') + (job.dumped.length > 0 ? dumpTable(job) : '') + (job.partitions.length > 0 ? partitionTable(job) : '<p>Not changed.</p>')
}

function partitionTable(job: Job): string {
  return table(['Partition', 'Offset', 'Length', 'CRC-32 of the image', 'CRC-32 read back', 'Writes', 'State'], job.partitions.map((each) => [
    `<code>${escaped(each.name)}</code>`, `<code>${hexText(each.offsetBytes)}</code>`, bytesText(each.lengthBytes),
    `<code>${escaped(each.crc32)}</code>`, each.readBackCrc32 === undefined ? 'not seen' : `<code>${escaped(each.readBackCrc32)}</code>`,
    String(each.writes), signed(partitionSign(each), partitionWord(each)),
  ]), [1, 2, 5])
}

function phaseTable(job: Job): string {
  const planned = new Map(job.plan.phases.map((each) => [each.name, each]))
  const signOf = { waiting: signs.off, running: signs.unknown, finished: signs.ok, stopped: signs.bad } as const
  return table(['Phase', 'Took', 'Forecast', 'State', 'Note'], job.phases.map((phase) => [
    escaped(planned.get(phase.name)?.title ?? phase.name), phase.elapsedMs === undefined ? '' : durationText(phase.elapsedMs),
    durationText(planned.get(phase.name)?.forecastMs ?? 0), signed(signOf[phase.state], phase.state), escaped(phase.note ?? ''),
  ]), [1, 2])
}

function verdictPart(job: Job): string {
  const known = job.verdict && verdictWords[job.verdict]
  const [sign, words] = known ?? [signs.unknown, 'The job has not ended.']
  const error = job.error && `<p class="bad">✖ ${escaped(job.error.message)} <code>${escaped(job.error.code)}</code></p>`
    + (job.error.hint === undefined ? '' : `<p class="hint">${escaped(job.error.hint)}</p>`)
  const left = job.leftBehind.map((label) => `<p class="bad">✖ Could not ${escaped(label)}</p>`).join('')
  return `<section><p class="verdict">${signed(sign, job.verdict ?? job.state)}</p><p>${words}</p>${error ?? ''}${left}</section>`
}

function notes(job: Job): string {
  const lines = [
    ...job.plan.warnings.map((text) => signed(signs.warn, text)),
    ...job.notes.map((note) => `<code>${wallText(note.atMs)}</code> ${note.level === 'warning' ? signed(signs.warn, note.message) : escaped(note.message)}`),
    ...job.undone.map((label) => `Put back: ${escaped(label)}`),
  ]
  return lines.length === 0 ? '' : section('Notes', `<ul>${lines.map((line) => `<li>${line}</li>`).join('')}</ul>`)
}

/** One file that needs nothing else and runs nothing: it may be mailed and kept for years. */
export function renderReportHtml(job: Job): string {
  const console = job.consoleExcerpt === undefined ? '' : section('Console', `<pre>${escaped(job.consoleExcerpt)}</pre>`)
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="referrer" content="no-referrer"><title>${escaped(job.title)} · Rackbench</title><style>${reportStyle}</style></head>
<body><main><h1>${escaped(job.title)}</h1>
${verdictPart(job)}
${section('Flash', job.workflow === 'agent' ? agentPart(job) : job.workflow === 'burn' || job.workflow === 'update' ? '<p>Not touched.</p>' : job.workflow === 'dump' ? dumpTable(job) : partitionMap(job) + partitionTable(job))}
${environmentPart(job)}${section('Phases', phaseTable(job))}
${notes(job)}
${section('Facts', facts(job))}
${console}
</main></body></html>
`
}
