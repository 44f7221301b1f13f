import { join } from 'node:path'
import type { BundleRequest, RedactionKind } from '../../shared/captures/bundle.schema.ts'
import type { CaptureSession } from '../../shared/captures/captures.schema.ts'
import type { Job } from '../../shared/jobs/reduceJob.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { emptyInventory } from '../../shared/rack/inventory.schema.ts'
import { encodeExport, isoTime, type ExportedPiece } from '../core/captures/exportFormats.ts'
import { createLineListener, type HeardLine } from '../core/bundle/heardLines.ts'
import { type BundledCamera, type BundledConsole, renderBundleIndex, titleOfKind } from '../core/bundle/bundleIndex.ts'
import { boardFactsIn } from '../core/consoles/boardSeen.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import type { RackBook } from '../core/rack/rackBook.ts'
import { renderReportHtml } from '../core/report/reportHtml.ts'
import { readSession } from '../drivers/storage/captures/sessionReader.ts'
import { loadRack } from '../drivers/storage/rackFile.ts'
import type { OpenRedactor } from '../drivers/storage/redaction/openRedactor.ts'
import type { ZipPart } from '../drivers/files/zipFile.ts'
import type { CaptureDesk } from './captureDesk.ts'

/** Lines that go to the other thread at a time. */
const batchLines = 512
const batchChars = 256 * 1024
const tailLines = 150
const tailChars = 300
const firmwareLine = /(?:^|\] )(Linux version \d.{0,160}|U-Boot (?:SPL )?\S{0,40}\d{4}\.\d\d.{0,80})/

export interface BundleDeskDeps {
  readonly clock: Clock
  readonly captures: CaptureDesk
  readonly jobs: JobBook
  readonly rack: RackBook
  readonly dataFolder: string
  readonly versions: Readonly<Record<string, string>>
}

/** What a bundle is made of. */
export interface BundleChoice { readonly request: BundleRequest; readonly sessions: readonly CaptureSession[]; readonly jobs: readonly Job[] }

export interface ConsoleBatch { readonly lines: readonly HeardLine[]; readonly bytes: number }

/** What the consoles of a bundle name, by camera. */
interface Heard { readonly firmware: Map<string, string[]>; readonly board: Map<string, BundledCamera['board']> }

/** Whole lines of one session, a batch at a time. */
export async function* readConsole(captures: CaptureDesk, session: CaptureSession, request: BundleRequest, signal: AbortSignal): AsyncGenerator<ConsoleBatch, void, void> {
  let lines: HeardLine[] = []
  let chars = 0
  let bytes = 0
  const listener = createLineListener((line) => { lines.push(line); chars += line.text.length })
  for await (const piece of piecesOf(captures, session, request, signal)) {
    bytes += piece.bytes.length
    listener.push(piece)
    if (lines.length < batchLines && chars < batchChars && bytes < 8 * batchChars) continue
    yield { lines, bytes }
    lines = []
    chars = bytes = 0
  }
  listener.finish()
  yield { lines, bytes }
}

async function* piecesOf(captures: CaptureDesk, session: CaptureSession, { sinceMs, untilMs }: BundleRequest, signal: AbortSignal): AsyncGenerator<ExportedPiece, void, void> {
  const from = { ...(sinceMs === undefined ? {} : { fromMs: sinceMs }), ...(untilMs === undefined ? {} : { untilMs }) }
  for await (const piece of readSession(await captures.store.parts(session.session), from, signal)) yield { ...piece, session }
}

export interface BundlePartsDeps extends BundleDeskDeps {
  readonly redactor: OpenRedactor
  readonly choice: BundleChoice
  readonly signal: AbortSignal
  /** At the end: how many files, and what was taken out. */
  readonly tell: (files: number, removed: Partial<Record<RedactionKind, number>>) => void
}

/** The files of a bundle, one after the other; the index comes last, because it counts what was taken out of the others. */
export async function* bundleParts(deps: BundlePartsDeps): AsyncGenerator<ZipPart, void, void> {
  const { redactor, choice, signal, clock, versions, tell } = deps
  const { request, sessions, jobs } = choice
  const consoles: BundledConsole[] = []
  const heard: Heard = { firmware: new Map(), board: new Map() }
  let files = 0
  const file = (name: string, pieces: ZipPart['pieces']): ZipPart => { files += 1; return { name, pieces } }
  const json = async (name: string, value: unknown): Promise<ZipPart> => file(name, [encode(`${JSON.stringify(await redactor.value(value, signal), undefined, 2)}\n`)])

  for (const [index, session] of sessions.entries()) {
    const name = `consoles/${numbered(index)}-${await safeName(`${session.cameraName || session.camera}-${session.session}`, redactor, signal)}`
    const told = { ...session, name: `${name}.txt`, fromMs: session.startedAtMs, untilMs: session.endedAtMs, lines: 0, tail: [] as string[] }
    yield file(told.name, consoleText(deps, session, told, heard))
    consoles.push(told)
    if (request.withRawBytes) yield file(`raw/${name.slice('consoles/'.length)}.dcap`, encodeExport('dcap', piecesOf(deps.captures, session, request, signal)))
  }
  const named: { readonly job: (typeof jobs)[number]; readonly name: string }[] = []
  for (const [index, job] of jobs.entries()) {
    const name = `jobs/${numbered(index)}-${await safeName(job.id, redactor, signal)}`
    named.push({ job, name })
    yield await json(`${name}.json`, { format: 1, product: 'Rackbench', ...job })
    yield file(`${name}.html`, [encode(await redactor.html(renderReportHtml(await withoutVariables(job, redactor, signal)), signal))])
  }
  const cameras = request.withInventory ? await inventoryOf(deps, heard) : []
  if (request.withInventory) yield await json('inventory.json', cameras)
  yield await json('versions.json', versions)
  const removed = await redactor.counts(signal)
  const { rules, words, patterns } = request.redaction
  const page = renderBundleIndex({
    madeAtMs: clock.wallMs(), versions, cameras, jobs: named, consoles, removed, hasRawBytes: request.withRawBytes,
    // The words themselves are what is not to be told.
    rules: [...rules.map(titleOfKind), ...(words.length > 0 ? [`${words.length} words`] : []), ...(patterns.length > 0 ? [`${patterns.length} patterns`] : [])],
  })
  yield file('index.html', [encode(await redactor.html(page, signal))])
  tell(files, removed)
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const numbered = (index: number): string => String(index + 1).padStart(4, '0')

/** Names of files are read by everybody, too. */
const safeName = async (name: string, redactor: OpenRedactor, signal: AbortSignal): Promise<string> =>
  String(await redactor.value(name, signal)).replaceAll(/[^A-Za-z0-9._-]+/g, '-').slice(0, 120)

/** The page tells a variable's name and its value apart, where no rule sees both. */
async function withoutVariables<T extends BundleChoice['jobs'][number]>(job: T, redactor: OpenRedactor, signal: AbortSignal): Promise<T> {
  if (!job.environment) return job
  const set = await redactor.value(job.environment.set, signal) as typeof job.environment.set
  return { ...job, environment: { ...job.environment, set } }
}

const directionSigns = { rx: ' ', tx: '>', mark: '-' } as const

async function* consoleText({ captures, redactor, choice, signal }: BundlePartsDeps, session: CaptureSession, told: { lines: number; tail: string[] }, heard: Heard): AsyncGenerator<Uint8Array, void, void> {
  for await (const { lines } of readConsole(captures, session, choice.request, signal)) {
    const shown = await redactor.lines(session.session, lines, signal)
    let text = ''
    for (const [index, { atMs, direction, leftOutBytes }] of lines.entries()) {
      const parts = (shown[index] ?? []).filter((part) => part.trim() !== '')
      if (leftOutBytes > 0) parts.push(`[${leftOutBytes} more bytes of this line are left out]`)
      for (const part of parts) {
        const line = `${isoTime(atMs)} ${directionSigns[direction]} ${part}`
        text += `${line}\n`
        told.lines += 1
        told.tail.push(line.slice(0, tailChars))
        if (direction === 'rx') { noteFirmware(heard.firmware, session.camera, part); noteBoard(heard.board, session.camera, part) }
      }
    }
    told.tail.splice(0, told.tail.length - tailLines)
    if (text !== '') yield encode(text)
  }
}

function noteFirmware(firmware: Map<string, string[]>, camera: string, text: string): void {
  const build = firmwareLine.exec(text)?.[1]
  if (build === undefined) return
  // The newest last, each once.
  firmware.set(camera, [...(firmware.get(camera) ?? []).filter((each) => each !== build), build].slice(-4))
}

/** As it is left when secrets are out. The newest counts. */
function noteBoard(board: Heard['board'], camera: string, text: string): void {
  const facts = boardFactsIn(text)
  if (Object.keys(facts).length > 0) board.set(camera, { ...board.get(camera), ...facts })
}

/** Cameras of the rack, whether this process has them open or not, and those that only their captures remember. */
async function inventoryOf({ rack, dataFolder, choice }: BundlePartsDeps, heard: Heard): Promise<BundledCamera[]> {
  const { request, sessions, jobs } = choice
  const known = new Map<string, BundledCamera>()
  const seen = (camera: string): Pick<BundledCamera, 'board' | 'firmware'> => ({ firmware: heard.firmware.get(camera) ?? [], board: heard.board.get(camera) ?? {} })
  for (const pod of rack.view().pods) {
    for (const each of pod.cameras) {
      known.set(each.id, { id: each.id, name: each.name, chip: each.chip, pod: pod.name, address: pod.url, power: `${each.power}, ${each.powerLabel}`, state: `${each.life} ${each.lifeNote}`.trim(), inventory: each.inventory ?? emptyInventory, ...seen(each.id) })
    }
  }
  for (const pod of (await loadRack(join(dataFolder, 'rack.json'))).pods) {
    if (!known.has(pod.cameraId)) known.set(pod.cameraId, { id: pod.cameraId, name: pod.cameraName, chip: pod.chip, pod: pod.name, address: pod.url, power: pod.power?.kind ?? 'manual', state: 'not open in this program', inventory: pod.inventory ?? emptyInventory, ...seen(pod.cameraId) })
  }
  for (const { camera, cameraName, chip } of sessions) if (!known.has(camera)) known.set(camera, { id: camera, name: cameraName, chip, pod: '', address: '', power: '', state: 'not in the rack', inventory: emptyInventory, ...seen(camera) })
  for (const { camera, plan } of jobs) if (!known.has(camera)) known.set(camera, { id: camera, name: plan.cameraName, chip: plan.chip, pod: plan.podName, address: '', power: '', state: 'not in the rack', inventory: emptyInventory, ...seen(camera) })
  return [...known.values()].filter(({ id }) => request.cameras.length === 0 || request.cameras.some((camera) => camera === id))
}
