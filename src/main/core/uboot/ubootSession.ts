import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import {
  cleanOutput, encodeCommandLine, endsWithPrompt, exactOutput, isTypeable, parseCommandAnswer, type CommandAnswer,
} from '../../protocols/uboot/commandLine.ts'
import { classifyAnswer } from '../../protocols/uboot/answers.ts'
import type { WorkConsole } from './workConsole.ts'

export const controlC = Uint8Array.of(3)
const enter = Uint8Array.of(0x0d)
/** A space only. Enter on an empty line would repeat the last command, and `sf write` is one that U-Boot repeats. */
const space = Uint8Array.of(0x20)
const nudgeEveryMs = 20_000
const maxOutputBytes = 256 * 1024
/** After the end marker the prompt follows at once; waiting for it keeps the next line out of U-Boot's 16-byte UART buffer. */
const promptGraceMs = 400
/** A prompt without an end mark before it: the mark was garbled, and nothing more will come. */
const lostMarkMs = 1_500
const echoLimitMs = 5_000
const echoAttempts = 3
/** Less than this is the prompt of the command before. */
const minAnswerChars = 16
/** No command prints these; a camera that starts does. */
const restart = /(?:^|\n|\r)(?:System startup|U-Boot \d{4}\.\d\d[^\n]*\(|Starting kernel|Uncompressing Linux)/

export interface CommandOptions {
  readonly limitMs: number
  /** Type the line, compare its echo, and only then press Enter: for everything that changes flash. */
  readonly destructive?: boolean
  /** Text after which waiting is pointless; the command is broken off and `device/refused` tells the line. */
  readonly hopeless?: RegExp
  /** Lines that are contents and no statement: a memory dump prints whatever words lie there, "failed" among them. */
  readonly dataLine?: RegExp
  /** The answer as it came, spaces at the ends of its lines included. */
  readonly exact?: boolean
  /** `version` prints the very line by which a restart is known otherwise. */
  readonly printsBanner?: boolean
  /** Everything printed so far, for progress. */
  readonly onOutput?: (text: string) => void
}

/** U-Boot that answers. One command at a time. */
export interface UbootSession {
  /**
   * Resolves only for an answer that says nothing bad: `device/unknown-command`, `device/refused` (with U-Boot's own words) and
   * `link/timeout`, `link/closed` otherwise. What a good answer must contain is for the caller to check.
   */
  run(command: string, options: CommandOptions, signal: AbortSignal): Promise<string>
}

export interface UbootSessionDeps {
  readonly console: WorkConsole
  readonly clock: Clock
  readonly prompt: string
  /** Letters and digits, not used on this console before. */
  readonly newToken: () => string
}

/** The console tail travels with every error: silence has a history. */
export const withTail = (console: WorkConsole): { readonly context: { readonly consoleTail: string } } =>
  ({ context: { consoleTail: console.tail().slice(-2000) } })

export function createUbootSession({ console, clock, prompt, newToken }: UbootSessionDeps): UbootSession {
  const text = new TextDecoder('latin1')

  const readText = async (signal: AbortSignal, doing: string): Promise<string> => {
    const chunk = await console.read(signal)
    if (!chunk) throw new WorkbenchError('link/closed', `The console closed during ${doing}`, { ...withTail(console), hint: 'Is another program connected to this pod? Its bridge serves one' })
    return text.decode(chunk)
  }

  /** Types the line and waits until the camera has echoed it letter by letter; nothing has happened yet. */
  const typeAndCompare = async (line: string, what: string, signal: AbortSignal): Promise<void> => {
    for (let attempt = 1; ; attempt += 1) {
      await console.write(new TextEncoder().encode(line), signal)
      let received = ''
      try {
        await withDeadline(clock, echoLimitMs, `echo of ${what}`, signal, async (within) => {
          while (!received.endsWith(line)) received += await readText(within, what)
        })
        return
      } catch (error) {
        if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
        if (attempt >= echoAttempts) {
          throw new WorkbenchError('link/garbled', `The camera did not echo ${what} as it was typed, so Enter was not pressed`, {
            context: { ...withTail(console).context, attempts: attempt, received: received.slice(-200) },
            hint: 'The line drops or alters bytes: check the UART wiring and its ground. Nothing was executed',
          })
        }
        // Throws the half-typed line away.
        await console.write(controlC, signal)
        await console.discardInput(signal)
      }
    }
  }

  /** More text; `link/garbled` when the prompt is back and stays, though the mark never came. */
  const readMore = async (received: string, command: string, signal: AbortSignal): Promise<string> => {
    if (received.length < minAnswerChars || !endsWithPrompt(received, prompt)) return readText(signal, `"${command}"`)
    try {
      return await withDeadline(clock, lostMarkMs, 'end mark', signal, async (within) => readText(within, `"${command}"`))
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
      throw new WorkbenchError('link/garbled', `"${command}" came back to the prompt, but its answer was not readable`, {
        ...withTail(console), hint: 'The console alters bytes: check the UART wiring and its ground',
      })
    }
  }

  const waitForAnswer = async (token: string, command: string, options: CommandOptions, signal: AbortSignal): Promise<CommandAnswer> => {
    let received = ''
    for (;;) {
      received += await readMore(received, command, signal)
      const answer = parseCommandAnswer(received, token, options.exact === true ? exactOutput : cleanOutput)
      if (answer) {
        await waitForPrompt(received, signal)
        return answer
      }
      if (options.printsBanner !== true && restart.test(received)) {
        throw new WorkbenchError('device/no-answer', `The camera restarted during "${command}"`, {
          context: { ...withTail(console).context, restarted: true }, hint: 'It lost power or its watchdog bit; check its supply',
        })
      }
      options.onOutput?.(received)
      const hopeless = options.hopeless?.exec(received)
      if (hopeless) {
        const line = cleanOutput(received).split('\n').find((each) => options.hopeless?.test(each)) ?? hopeless[0]
        throw new WorkbenchError('device/refused', `"${command}": ${line.trim().slice(0, 200)}`, withTail(console))
      }
      if (received.length > maxOutputBytes) {
        throw new WorkbenchError('device/too-much-output', `More than ${maxOutputBytes} bytes from "${command}"`, withTail(console))
      }
    }
  }

  /** Bridges of older pods hang up after 60 s without a byte from us, and an erase may take longer. */
  const keepingAwake = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    const over = new AbortController()
    const until = AbortSignal.any([signal, over.signal])
    const nudge = (async (): Promise<void> => {
      for (;;) {
        await clock.sleep(nudgeEveryMs, until)
        await console.write(space, until)
      }
    })()
    // A line that is gone is the reader's news.
    nudge.catch(() => undefined)
    try { return await work() } finally { over.abort() }
  }

  const waitForPrompt = async (already: string, signal: AbortSignal): Promise<void> => {
    let received = already
    try {
      await withDeadline(clock, promptGraceMs, 'prompt', signal, async (within) => {
        while (!endsWithPrompt(received, prompt)) received += await readText(within, 'waiting for the prompt')
      })
    } catch (error) {
      // The marker was the proof; a prompt that is late or garbled is not worth a job.
      if (!(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    }
  }

  const once = async (command: string, options: CommandOptions, signal: AbortSignal): Promise<CommandAnswer> => {
    const token = newToken()
    const line = encodeCommandLine(command, token)
    const what = `"${command}"`
    try {
      if (options.destructive === true) {
        await typeAndCompare(line, what, signal)
        await console.write(enter, signal)
      } else {
        await console.write(new TextEncoder().encode(`${line}\r`), signal)
      }
      return await withDeadline(clock, options.limitMs, `U-Boot ${what}`, signal, async (within) =>
        keepingAwake(within, async () => waitForAnswer(token, command, options, within)))
    } catch (error) {
      // Whatever runs is broken off, so that the next command does not type into it.
      await breakOff(console, clock)
      if (error instanceof WorkbenchError && error.code === 'link/timeout') {
        throw new WorkbenchError('link/timeout', error.message, { cause: error, context: { ...error.context, ...withTail(console).context } })
      }
      throw error
    }
  }

  return {
    run: async (command, options, signal) => {
      if (!isTypeable(command)) throw new WorkbenchError('internal/bug', `Not a U-Boot line: ${JSON.stringify(command.slice(0, 80))}`)
      const { output, exitCode } = await once(command, options, signal)
      const said = classifyAnswer(withoutData(output, options.dataLine), exitCode)
      if (said.kind === 'ok') return output
      const more = { context: { command, ...withTail(console).context } }
      if (said.kind === 'unknown-command') throw new WorkbenchError('device/unknown-command', `This U-Boot does not know "${command.split(' ')[0] ?? ''}"`, { ...more, hint: 'Load another U-Boot build: this one cannot prove what it writes' })
      throw new WorkbenchError('device/refused', `"${command}": ${said.text.slice(0, 200)}`, { ...more, hint: 'These are U-Boot\'s own words; the console shows what came before' })
    },
  }
}

export const withoutData = (output: string, dataLine: RegExp | undefined): string =>
  (dataLine ? output.split('\n').filter((line) => !dataLine.test(line)).join('\n') : output)

/** Control-C and a moment for the prompt. Best effort: it runs when something has already failed, and that error matters more. */
async function breakOff(console: WorkConsole, clock: Clock): Promise<void> {
  try {
    await withDeadline(clock, 3_000, 'breaking off', new AbortController().signal, async (signal) => {
      await console.write(controlC, signal)
      await console.discardInput(signal)
    })
  } catch (error) {
    if (error instanceof WorkbenchError || error instanceof Cancelled) return
    throw error
  }
}

/** Runs something that changes nothing and may be asked again: a garbled or lost answer gets two more chances. */
export async function askAgain<T>(attempts: number, signal: AbortSignal, ask: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask(attempt)
    } catch (error) {
      signal.throwIfAborted()
      const worthIt = error instanceof WorkbenchError && (error.code === 'link/garbled' || error.code === 'link/timeout')
      if (!worthIt || attempt >= attempts) throw error
    }
  }
}
