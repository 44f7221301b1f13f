import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createDeferred, type Deferred, orAborted } from '../../../shared/lifecycle/signals.ts'
import { comPortCommands, controls, type TelnetFrame } from '../../protocols/rfc2217/frame.ts'
import { createNegotiation } from '../../protocols/rfc2217/negotiation.ts'
import { createTelnetParser, numberOf } from '../../protocols/rfc2217/parser.ts'
import { writePortSetting, writeSetBaudRate } from '../../protocols/rfc2217/writer.ts'

export type ConfirmedSetting = 'setBaudRate' | 'setDataSize' | 'setParity' | 'setStopSize'

export interface PortControlDeps {
  readonly label: string
  readonly send: (bytes: Uint8Array) => Promise<void>
  readonly onData: (bytes: Uint8Array) => void
  /** The far end says what cannot be: the line is of no use any more. */
  readonly onLost: (why: string) => void
}

/** The telnet side of one line: what is not data. */
export interface PortControl {
  /** What the far end sent; data goes to `onData`. */
  hear(chunk: Uint8Array): void
  send(bytes: Uint8Array): Promise<void>
  /** Resolves when both sides have agreed on eight bits and port commands. `link/unreachable` when they will not. */
  agree(signal: AbortSignal): Promise<void>
  /** Sends one setting and waits for its answer; one of a kind at a time. `input/not-supported` when the far end keeps to another value. */
  confirmed(setting: ConfirmedSetting, value: number, signal: AbortSignal): Promise<void>
  /** What nothing was heard of yet; for a sentence. */
  missing(): string
  /** The line is gone: whoever waits hears it. */
  fail(why: string): void
}

const words: Readonly<Record<ConfirmedSetting, string>> = { setBaudRate: 'the rate', setDataSize: 'the data bits', setParity: 'the parity', setStopSize: 'the stop bits' }

export function createPortControl({ label, send, onData, onLost }: PortControlDeps): PortControl {
  const parser = createTelnetParser()
  const negotiation = createNegotiation()
  const agreed = createDeferred<void>()
  const waiting = new Map<ConfirmedSetting, Deferred<number | undefined>>()
  const unanswered = new Set<ConfirmedSetting>()
  let hasAgreed = false

  const onOption = (frame: Extract<TelnetFrame, { kind: 'option' }>): void => {
    const answer = negotiation.hear(frame.verb, frame.option)
    // A line that breaks here is noticed by its reader.
    if (answer.length > 0) send(answer).catch(() => undefined)
    if (negotiation.isAgreed && !hasAgreed) { hasAgreed = true; agreed.resolve() }
    if (negotiation.refused === undefined) return
    if (hasAgreed) onLost(`the far end took back ${negotiation.refused}`)
    else agreed.reject(new WorkbenchError('link/unreachable', `the far end refuses ${negotiation.refused}`))
  }
  const onAnswer = (command: number, payload: Uint8Array): void => {
    if (command === comPortCommands.setControl) {
      const value = numberOf(payload, 1)
      // Two of the 256 byte values would stop the line.
      if (value === controls.softwareFlowControl || value === controls.hardwareFlowControl) onLost('the far end insists on flow control')
      return
    }
    for (const [setting, answer] of waiting) {
      if (comPortCommands[setting] === command) answer.resolve(numberOf(payload, setting === 'setBaudRate' ? 4 : 1))
    }
  }
  return {
    send,
    hear: (chunk) => {
      for (const frame of parser.push(chunk)) {
        if (frame.kind === 'data') onData(frame.bytes)
        else if (frame.kind === 'option') onOption(frame)
        else if (frame.kind === 'port-answer') onAnswer(frame.command, frame.payload)
        else if (frame.kind === 'malformed') onLost(`the far end does not keep to telnet: ${frame.reason}`)
      }
    },
    agree: async (signal) => {
      await send(negotiation.opening)
      await orAborted(agreed.promise, signal)
    },
    confirmed: async (setting, value, signal) => {
      const answer = createDeferred<number | undefined>()
      waiting.set(setting, answer)
      unanswered.add(setting)
      try {
        await send(setting === 'setBaudRate' ? writeSetBaudRate(value) : writePortSetting(setting, value))
        const kept = await orAborted(answer.promise, signal)
        unanswered.delete(setting)
        if (kept === value) return
        const context = { wanted: value, ...(kept === undefined ? {} : { kept }) }
        throw new WorkbenchError('input/not-supported', `${label} cannot set ${words[setting]} to ${value}: the far end ${kept === undefined ? 'answers nonsense' : `keeps to ${kept}`}`, { context })
      } finally {
        waiting.delete(setting)
      }
    },
    missing: () => {
      if (!hasAgreed) return 'no agreement on eight bits and port commands'
      return `no answer about ${[...unanswered].map((setting) => words[setting]).join(', ')}`
    },
    fail: (why) => {
      const lost = new WorkbenchError('link/closed', `The line to ${label} is lost: ${why}`, { context: { line: label } })
      agreed.reject(lost)
      for (const answer of waiting.values()) answer.reject(lost)
    },
  }
}
