import type { RomEvent } from './romFrames.ts'
import type { RomQuirks, RomUpload } from './romOptions.ts'
import type { RomPort } from './romPort.ts'

const accepted = 0xaa
const rejected = 0x55
const chunkBytes = 1024
/** From the last bit of a frame to the first of its answer. */
const workMs = 1
const longestHarmlessRun = 11

export interface TransferHooks<End> {
  /** Whether this HEAD wakes the chip. */
  readonly takesHead: (head: Extract<RomEvent, { kind: 'head' }>) => boolean
  /** After each good DATA frame. `end` leaves without an answer. */
  readonly onData?: (address: number, receivedBytes: number) => { readonly end: End } | undefined
  /** A whole image. `silent` leaves its TAIL without an answer. */
  readonly onUpload: (upload: RomUpload) => Promise<{ readonly silent?: boolean; readonly afterwards?: () => Promise<void>; readonly end?: End }>
  /** Anything that is no part of a transfer. */
  readonly onOther?: (event: RomEvent) => void
  /** The Standard family says nothing about a bad frame. */
  readonly rejects: boolean
}

interface Running {
  readonly address: number
  readonly bytes: Uint8Array
  filled: number
  /** DATA frames taken. */
  frames: number
}

/** What every handler works with: the transfer that runs, and what became of the one before. */
interface Desk<End> {
  readonly port: RomPort
  readonly quirks: RomQuirks
  readonly hooks: TransferHooks<End>
  readonly answer: Answerer
  running: Running | undefined
  /** Its TAIL may come again, because its answer was lost. */
  doneFrames: number | undefined
}
type Event<Kind extends RomEvent['kind']> = Extract<RomEvent, { readonly kind: Kind }>
type Outcome<End> = Promise<{ readonly end: End } | undefined>

/** HEAD, DATA, TAIL until something ends it. */
export async function serveTransfers<End>(port: RomPort, quirks: RomQuirks, hooks: TransferHooks<End>): Promise<End> {
  const desk: Desk<End> = { port, quirks, hooks, answer: createAnswerer(port, quirks), running: undefined, doneFrames: undefined }
  port.payloadBytesOf = (sequence) => payloadBytesOf(desk.running, sequence)
  for (let heard = 0; ;) {
    const event = await port.next(Infinity)
    if (!event) continue
    const isFrame = event.kind === 'head' || event.kind === 'data' || event.kind === 'tail'
    if (isFrame) heard += 1
    if (isFrame && quirks.loseEveryFrame !== undefined && heard % quirks.loseEveryFrame === 0) continue
    const outcome = await handle(desk, event)
    if (outcome) return outcome.end
  }
}

async function handle<End>(desk: Desk<End>, event: RomEvent): Outcome<End> {
  switch (event.kind) {
    case 'head': return takeHead(desk, event)
    case 'data': return takeData(desk, event)
    case 'tail': return takeTail(desk, event)
    case 'damaged':
      if (desk.hooks.rejects) await desk.answer(rejected)
      return undefined
    default:
      desk.hooks.onOther?.(event)
      return undefined
  }
}

async function takeHead<End>(desk: Desk<End>, head: Event<'head'>): Outcome<End> {
  const { hooks, answer } = desk
  if (!hooks.takesHead(head)) return undefined
  if (hooks.rejects && await answer.rejectsFirst()) return undefined
  desk.running = { address: head.address, bytes: new Uint8Array(head.lengthBytes), filled: 0, frames: 0 }
  desk.doneFrames = undefined
  await answer(accepted)
  return undefined
}

async function takeData<End>({ port, quirks, hooks, answer, running }: Desk<End>, { sequence, payload }: Event<'data'>): Outcome<End> {
  if (!running) return undefined
  if (hooks.rejects && await answer.rejectsFirst()) return undefined
  if (quirks.hangsOnFfRun === true && hasLongRun(payload)) await port.hang()
  const isNext = sequence === ((running.frames + 1) & 0xff) && running.filled < running.bytes.length
  if (!isNext && sequence !== (running.frames & 0xff)) return undefined
  if (isNext) {
    running.bytes.set(payload, running.filled)
    running.filled += payload.length
    running.frames += 1
    const left = hooks.onData?.(running.address, running.filled)
    if (left) return left
  }
  await answer(accepted)
  return undefined
}

async function takeTail<End>(desk: Desk<End>, { sequence }: Event<'tail'>): Outcome<End> {
  const { hooks, answer, running, doneFrames } = desk
  if (!running) {
    if (doneFrames !== undefined && sequence === ((doneFrames + 1) & 0xff)) await answer(accepted)
    return undefined
  }
  if (running.filled < running.bytes.length || sequence !== ((running.frames + 1) & 0xff)) return undefined
  if (hooks.rejects && await answer.rejectsFirst()) return undefined
  const { silent = false, afterwards, end } = await hooks.onUpload({ address: running.address, bytes: running.bytes })
  if (!silent) await answer(accepted)
  desk.doneFrames = silent ? undefined : running.frames
  desk.running = undefined
  await afterwards?.()
  return end === undefined ? undefined : { end }
}

function payloadBytesOf(running: Running | undefined, sequence: number): number {
  if (!running) return 1
  // A frame that is sent again has the length it had before.
  const isAgain = sequence === (running.frames & 0xff) && running.frames > 0
  const from = isAgain ? (running.frames - 1) * chunkBytes : running.filled
  return Math.max(1, Math.min(chunkBytes, running.bytes.length - from))
}

interface Answerer {
  (byte: number): Promise<void>
  /** True when this frame has been rejected on purpose. */
  rejectsFirst(): Promise<boolean>
}

function createAnswerer(port: RomPort, quirks: RomQuirks): Answerer {
  let given = 0
  let rejections = 0
  const answer = async (byte: number): Promise<void> => {
    given += 1
    const isLate = quirks.lateEvery !== undefined && given % quirks.lateEvery === 0
    await port.clock.sleep(given === 1 && quirks.firstAnswerMs !== undefined ? quirks.firstAnswerMs : isLate ? quirks.lateMs ?? workMs : workMs, port.signal)
    if (quirks.loseEveryAck !== undefined && given % quirks.loseEveryAck === 0) return
    if (quirks.noise) port.say(quirks.noise)
    if (given <= (quirks.feAnswers ?? 0)) port.say(Uint8Array.of(0xfe))
    else port.say(Uint8Array.of(byte === accepted ? quirks.ackByte ?? accepted : byte))
  }
  return Object.assign(answer, {
    rejectsFirst: async (): Promise<boolean> => {
      if (rejections >= (quirks.rejections ?? 0)) { rejections = 0; return false }
      rejections += 1
      await answer(rejected)
      return true
    },
  })
}

function hasLongRun(bytes: Uint8Array): boolean {
  let run = 0
  for (const byte of bytes) {
    run = byte === 0xff ? run + 1 : 0
    if (run > longestHarmlessRun) return true
  }
  return false
}
