import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { enterRawBytes, maxAnswerBytes, rawBanner, rawPasteBytes, replKeys } from '../../protocols/rawrepl/frame.ts'
import { type MarkedAnswer, readMarked, readRawAnswer, tailOf } from '../../protocols/rawrepl/parser.ts'
import { framedCode } from '../../protocols/rawrepl/writer.ts'

/** A UART of a board has so much room; without raw paste nobody says when it is full. */
const plainPieceBytes = 128
const plainPauseMs = 5
const enterLimitMs = 3_000
const pasteLimitMs = 2_000
export const runLimitMs = 15_000

export interface RawRepl {
  readonly usesRawPaste: boolean
  /** One piece of code, ended whatever it does. What is not `said` is for the caller to name. */
  run(what: string, body: string, signal: AbortSignal): Promise<Exclude<MarkedAnswer, { kind: 'none' }>>
  /** Back to the prompt that a person knows. The transport stays open. */
  leave(signal: AbortSignal): Promise<void>
  /** At that prompt only. */
  softReset(signal: AbortSignal): Promise<void>
}

export interface RawReplOptions {
  readonly transport: Transport
  readonly clock: Clock
  /** Begins the mark of our lines, so that nothing that the board prints can be taken for it. */
  readonly token: string
  readonly limitMs?: number
}

/** Interrupts what the board runs, goes to raw mode and finds out whether raw paste works. */
export async function openRawRepl(options: RawReplOptions, signal: AbortSignal): Promise<RawRepl> {
  const line = createLine(options)
  const inOrder = createLane()
  let isReady = false
  let paste = false
  let count = 0
  const once = async (what: string, body: string, until: AbortSignal): Promise<Exclude<MarkedAnswer, { kind: 'none' }>> => {
    if (!isReady) await line.enter(until)
    // Until its answer is complete nobody knows where the board stands; then it is interrupted first.
    isReady = false
    count += 1
    const mark = `@${options.token}${count}:`
    const code = new TextEncoder().encode(framedCode(body, mark))
    const answer = paste ? await line.paste(code, until) : await line.plain(code, until)
    isReady = true
    const marked = readMarked(answer.out, mark)
    if (marked.kind === 'none') throw new WorkbenchError('device/refused', `${what}: the board could not run it (${lastLine(answer.errors)})`, { context: { tail: line.tail() }, hint: hintOf(lastLine(answer.errors)) })
    return marked
  }
  const run: RawRepl['run'] = async (what, body, until) => inOrder(until, async () =>
    withDeadline(options.clock, options.limitMs ?? runLimitMs, what, until, async (limited) => once(what, body, limited)).catch((error: unknown) => { throw withTail(error, line.tail()) }))

  await run('Enter the raw REPL', 'pass', signal)
  paste = await line.offersPaste(signal)
  if (paste) {
    // Some say that they can and cannot: then plain raw mode is what is left.
    paste = await withDeadline(options.clock, pasteLimitMs, 'Try raw paste', signal, async (until) => { await once('Try raw paste', 'pass', until); return true })
      .catch((error: unknown) => { signal.throwIfAborted(); if (error instanceof WorkbenchError && error.code === 'link/closed') throw error; return false })
  }
  if (!paste) isReady = false
  return {
    get usesRawPaste() { return paste },
    run,
    leave: async (until) => inOrder(until, async () => { isReady = false; await options.transport.write(Uint8Array.of(0x0d, replKeys.friendly), until) }),
    softReset: async (until) => inOrder(until, async () => options.transport.write(Uint8Array.of(replKeys.run), until)),
  }
}

/** A board says in its last line what it lacks; nothing at all is what a full memory looks like. */
const hintOf = (said: string): string => (said === '' || said.startsWith('MemoryError') ? 'Not enough free memory is the usual reason: reset the board, and try again' : 'What the board said stands in brackets; its build of MicroPython may have no such thing')
const lastLine = (text: string): string => text.trim().split(/\r?\n/).at(-1)?.slice(0, 120).replaceAll(/[^\x20-\x7e]/g, '?') ?? ''
const withTail = (error: unknown, tail: string): Error => (error instanceof WorkbenchError && error.code.startsWith('link/') && error.context['tail'] === undefined
  ? new WorkbenchError(error.code, error.message, { cause: error, context: { ...error.context, tail }, hint: error.hint ?? 'Is it a MicroPython board, and is its console free? Press its reset button, and try again' }) : error as Error)

interface RawLine {
  enter(signal: AbortSignal): Promise<void>
  offersPaste(signal: AbortSignal): Promise<boolean>
  plain(code: Uint8Array, signal: AbortSignal): Promise<{ readonly out: string; readonly errors: string }>
  paste(code: Uint8Array, signal: AbortSignal): Promise<{ readonly out: string; readonly errors: string }>
  tail(): string
}

function createLine({ transport, clock }: RawReplOptions): RawLine {
  let unread: Uint8Array = new Uint8Array(0)
  let heard: Uint8Array = new Uint8Array(0)
  const more = async (signal: AbortSignal): Promise<void> => {
    const piece = await transport.read(signal)
    if (!piece) throw new WorkbenchError('link/closed', 'The line to the board was closed', { hint: 'Is it still plugged in?' })
    unread = joinBytes([unread, piece])
    heard = joinBytes([heard, piece]).slice(-400)
  }
  /** Asks after every piece that comes; what was understood is taken away by the caller. */
  const until = async <T>(look: () => T | undefined, signal: AbortSignal): Promise<T> => {
    for (let found = look(); ; found = look()) {
      if (found !== undefined) return found
      if (unread.length > maxAnswerBytes) throw new WorkbenchError('device/too-much-output', 'The board prints without an end', { context: { limitBytes: maxAnswerBytes } })
      await more(signal)
    }
  }
  const take = (bytes: number): Uint8Array => { const taken = unread.slice(0, bytes); unread = unread.slice(bytes); return taken }
  const bytes = async (count: number, signal: AbortSignal): Promise<Uint8Array> => until(() => (unread.length >= count ? take(count) : undefined), signal)
  const answer = async (head: '' | 'OK', signal: AbortSignal): Promise<{ out: string; errors: string }> => {
    const found = await until(() => readRawAnswer(unread, head), signal)
    unread = new Uint8Array(0)
    if (found === 'garbled') throw new WorkbenchError('link/garbled', 'The board did not answer as a raw REPL does', { context: { tail: tailOf(heard) }, hint: 'Is it a MicroPython, and has nobody else this line at the same time?' })
    return found
  }
  const seeBanner = (): true | undefined => {
    const text = new TextDecoder('latin1').decode(unread)
    const at = text.lastIndexOf(rawBanner)
    if (at < 0) return undefined
    take(at + rawBanner.length)
    return true
  }
  return {
    enter: async (signal) => {
      let last: unknown
      for (let attempt = 0; attempt < 3; attempt += 1) {
        unread = new Uint8Array(0)
        await transport.write(enterRawBytes, signal)
        try {
          await withDeadline(clock, enterLimitMs, 'Enter the raw REPL', signal, async (limited) => until(seeBanner, limited))
          return
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
          last = error
        }
      }
      throw new WorkbenchError('device/no-answer', 'The board does not go to its raw REPL', { cause: last, context: { tail: tailOf(heard) }, hint: 'Is it a MicroPython board, and is its console free? Press its reset button, and try again' })
    },
    offersPaste: async (signal) => withDeadline(clock, pasteLimitMs, 'Ask for raw paste', signal, async (limited) => {
      await transport.write(rawPasteBytes, limited)
      const [letter, works] = await bytes(2, limited)
      if (letter === 0x52 && works === 1) {
        await bytes(2, limited)
        // Nothing was pasted: this ends it, and its empty answer is read.
        await transport.write(Uint8Array.of(replKeys.run), limited)
        await bytes(1, limited)
        await answer('', limited)
        return true
      }
      return false
    }).catch((error: unknown) => { signal.throwIfAborted(); if (error instanceof WorkbenchError && error.code === 'link/closed') throw error; return false }),
    plain: async (code, signal) => {
      for (let at = 0; at < code.length; at += plainPieceBytes) {
        if (at > 0) await clock.sleep(plainPauseMs, signal)
        await transport.write(code.subarray(at, at + plainPieceBytes), signal)
      }
      await transport.write(Uint8Array.of(replKeys.run), signal)
      return answer('OK', signal)
    },
    paste: async (code, signal) => {
      await transport.write(rawPasteBytes, signal)
      const [letter, works, low = 0, high = 0] = await bytes(4, signal)
      const windowBytes = low + high * 256
      if (letter !== 0x52 || works !== 1 || windowBytes === 0) throw new WorkbenchError('link/garbled', 'The board went back on raw paste', { context: { tail: tailOf(heard) } })
      let room = windowBytes
      for (let at = 0; at < code.length;) {
        while (room === 0 || unread.length > 0) {
          const [note] = await bytes(1, signal)
          // 0x04: it has had enough; what is wrong stands in its answer.
          if (note === replKeys.run) { await transport.write(Uint8Array.of(replKeys.run), signal); return answer('', signal) }
          if (note !== replKeys.raw) throw new WorkbenchError('link/garbled', 'The board said something else than how much it can take', { context: { tail: tailOf(heard) } })
          room += windowBytes
        }
        const piece = code.subarray(at, at + room)
        await transport.write(piece, signal)
        at += piece.length
        room -= piece.length
      }
      await transport.write(Uint8Array.of(replKeys.run), signal)
      // Windows that were granted and not needed come before the end of the paste is confirmed.
      for (;;) { const [note] = await bytes(1, signal); if (note === replKeys.run) break }
      return answer('', signal)
    },
    tail: () => tailOf(heard),
  }
}
