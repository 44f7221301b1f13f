import type { Transport } from '../../../shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'
import { orAborted } from '../../../shared/lifecycle/signals.ts'
import type { AgentAnswer, AgentCommand, AgentInfo } from '../../protocols/agent/frame.ts'
import { createPacketParser, parseAnswer } from '../../protocols/agent/parser.ts'
import { encodeCommand } from '../../protocols/agent/writer.ts'
import { expectOk } from './agentAnswers.ts'
import { agentLimits } from './agentLimits.ts'

const settleMs = 50
/** Silence for this long, and an agent at a fast rate may be on its way back to the first one. */
const idleSafeMs = 20_000

/** One command and its answers. READY packets never show up here. */
export interface AgentTalk {
  send(command: AgentCommand): Promise<void>
  sendBytes(packets: Uint8Array): Promise<void>
  /** The next answer; `link/timeout` begins with `what`. A READY in between does not prolong the wait: an idle agent sends them for ever. */
  next(limitMs: number, what: string): Promise<AgentAnswer>
  /** Listens while `sending` runs. `limitMs` counts from the end of the sending, which should stop once `heard()` is true. */
  hear(sending: (heard: () => boolean) => Promise<void>, limitMs: number, what: string): Promise<AgentAnswer>
}

export interface AgentLinkCounts {
  /** Packets with a wrong CRC and the like. Many mean a wrong baud rate. */
  readonly droppedFrames: number
  readonly readyPackets: number
  readonly receivedBytes: number
}

export type BaudSwitch =
  | { readonly switched: true; readonly baudRate: number }
  | { readonly switched: false; readonly baudRate: number; readonly why: 'transport-cannot-follow' | 'agent-refused' | 'no-answer-at-new-rate' }

/** Requests and answers with one flash agent, one exchange at a time. */
export interface AgentLink {
  readonly counts: AgentLinkCounts
  readonly baudRate: number
  readonly canChangeBaudRate: boolean
  /**
   * After an exchange that failed or was cancelled the agent may still be talking about it. The next one then begins with INFO: the
   * agent works in order, so everything before its answer is old.
   */
  exchange<T>(signal: AbortSignal, work: (talk: AgentTalk) => Promise<T>): Promise<T>
  /** Asked until it is answered, a few times. `device/no-answer` otherwise. */
  info(signal: AbortSignal): Promise<AgentInfo>
  /** Resolves with the first READY from now on. */
  waitForReady(limitMs: number, signal: AbortSignal): Promise<void>
  /** Both sides change, and an INFO at the new rate proves it; otherwise both are back at the old rate, or `device/no-answer`. */
  useBaudRate(baudRate: number, signal: AbortSignal): Promise<BaudSwitch>
  /** The camera restarts: this side goes back to the first rate. */
  forgetAgent(signal: AbortSignal): Promise<void>
}

export interface AgentLinkDeps {
  readonly transport: Transport
  readonly clock: Clock
  /** What both sides speak now. */
  readonly baudRate?: number
}

export function createAgentLink({ transport, clock, baudRate: firstBaudRate = 115_200 }: AgentLinkDeps): AgentLink {
  const lane = createLane()
  const parser = createPacketParser()
  const counts = { droppedFrames: 0, readyPackets: 0, receivedBytes: 0 }
  let waiting: AgentAnswer[] = []
  let inStep = false
  let baudRate = firstBaudRate
  let lastHeardMs = clock.nowMs()

  const take = async (signal: AbortSignal): Promise<AgentAnswer> => {
    for (;;) {
      signal.throwIfAborted()
      const answer = waiting.shift()
      if (answer) return answer
      const chunk = await transport.read(signal)
      if (!chunk) throw new WorkbenchError('link/closed', 'The line closed while the flash agent was asked', { hint: 'Is another program connected to this console?' })
      counts.receivedBytes += chunk.length
      lastHeardMs = clock.nowMs()
      for (const frame of parser.push(chunk)) {
        if (frame.kind === 'packet') waiting.push(parseAnswer(frame))
        else counts.droppedFrames += 1
      }
    }
  }
  const receive = async (signal: AbortSignal): Promise<AgentAnswer> => {
    for (;;) {
      const answer = await take(signal)
      if (answer.kind === 'ready') counts.readyPackets += 1
      // Only INFO asks for INFO; another one is a second answer to the question that found the step.
      else if (answer.kind !== 'info') return answer
    }
  }
  const sendBytes = async (packets: Uint8Array, parent: AbortSignal): Promise<void> =>
    withDeadline(clock, agentLimits.sendMs, 'sending to the flash agent', parent, async (signal) => transport.write(packets, signal))

  const talkOf = (parent: AbortSignal): AgentTalk => ({
    send: async (command) => sendBytes(encodeCommand(command), parent),
    sendBytes: async (packets) => sendBytes(packets, parent),
    next: async (limitMs, what) => withDeadline(clock, limitMs, what, parent, receive),
    hear: async (sending, limitMs, what) => {
      const over = new AbortController()
      let isHeard = false
      const hearing = receive(AbortSignal.any([parent, over.signal])).finally(() => { isHeard = true })
      hearing.catch(() => undefined)
      try {
        await sending(() => isHeard)
        return await withDeadline(clock, limitMs, what, parent, async (signal) => orAborted(hearing, signal))
      } finally {
        over.abort(new Cancelled(`${what} is over`))
      }
    },
  })

  /** One INFO, everything before its answer thrown away. `undefined`: none came. */
  const askInfo = async (limitMs: number, parent: AbortSignal): Promise<AgentInfo | undefined> => {
    const packet = encodeCommand({ kind: 'info' })
    // The zero ends whatever half packet the agent holds; otherwise that would swallow the question.
    await sendBytes(Uint8Array.of(0, ...packet), parent)
    return orSilence(parent, withDeadline(clock, limitMs, 'INFO', parent, async (signal) => {
      for (;;) {
        const answer = await take(signal)
        if (answer.kind === 'info') return answer.info
        if (answer.kind === 'ready') counts.readyPackets += 1
      }
    }))
  }
  const setHostRate = async (rate: number, signal: AbortSignal): Promise<void> => {
    if (rate !== baudRate) await transport.setBaudRate?.(rate, signal)
    baudRate = rate
    waiting = []
    parser.reset()
    await transport.discardInput(signal)
    parser.reset()
  }
  /** READY or the answer to an earlier INFO, whichever an agent that is back says first. */
  const hearAnything = async (limitMs: number, parent: AbortSignal): Promise<boolean> =>
    await orSilence(parent, withDeadline(clock, limitMs, 'READY', parent, async (signal) => {
      for (;;) {
        const { kind } = await take(signal)
        if (kind === 'ready' || kind === 'info') return true
      }
    })) ?? false

  const findAgent = async (limitMs: number, signal: AbortSignal): Promise<AgentInfo> => {
    inStep = false
    const tryHere = async (tries: number): Promise<AgentInfo | undefined> => {
      for (let count = 0; count < tries; count += 1) {
        const info = await askInfo(limitMs, signal)
        if (info) return info
      }
      return undefined
    }
    let info = await tryHere(2)
    if (!info && baudRate !== firstBaudRate) {
      await setHostRate(firstBaudRate, signal)
      info = await tryHere(2)
    }
    // Not asked meanwhile: an agent at another rate falls back only when it hears nothing.
    if (!info && await hearAnything(agentLimits.baudFallbackMs, signal)) info = await tryHere(3)
    if (!info) throw noAnswer(counts)
    inStep = true
    return info
  }

  const switchRate = async (rate: number, signal: AbortSignal): Promise<BaudSwitch> => {
    const before = baudRate
    const talk = talkOf(signal)
    inStep = false
    await talk.send({ kind: 'set-baud', baudRate: rate })
    // A lost answer is no refusal: the agent may have switched all the same, and INFO at the new rate tells.
    const answer = await orSilence(signal, talk.next(agentLimits.setBaudMs, 'answer to the new baud rate'))
    if (answer?.kind === 'ack' && answer.status !== 0) {
      inStep = true
      return { switched: false, baudRate, why: 'agent-refused' }
    }
    if (answer) expectOk(answer, 'Changing the baud rate')
    await clock.sleep(settleMs, signal)
    await setHostRate(rate, signal)
    await clock.sleep(settleMs, signal)
    if (await askInfo(agentLimits.infoAgainMs, signal)) {
      inStep = true
      return { switched: true, baudRate }
    }
    await setHostRate(before, signal)
    await findAgent(agentLimits.infoAgainMs, signal)
    return { switched: false, baudRate, why: 'no-answer-at-new-rate' }
  }

  const mayHaveFallenBack = (): boolean => baudRate !== firstBaudRate && clock.nowMs() - lastHeardMs > idleSafeMs
  const getInStep = async (signal: AbortSignal): Promise<void> => {
    if (!inStep || mayHaveFallenBack()) await findAgent(agentLimits.infoAgainMs, signal)
  }

  return {
    counts,
    get baudRate() { return baudRate },
    canChangeBaudRate: transport.setBaudRate !== undefined,
    exchange: async (signal, work) => lane(signal, async () => {
      await getInStep(signal)
      inStep = false
      const value = await work(talkOf(signal))
      inStep = true
      return value
    }),
    info: async (signal) => lane(signal, async () => findAgent(agentLimits.infoMs, signal)),
    waitForReady: async (limitMs, parent) => lane(parent, async () => withDeadline(clock, limitMs, 'READY of the flash agent', parent, async (signal) => {
      while ((await take(signal)).kind !== 'ready') { /* whatever was said before */ }
      counts.readyPackets += 1
    })),
    useBaudRate: async (rate, signal) => lane(signal, async () => {
      if (rate === baudRate) return { switched: true, baudRate }
      // A SET_BAUD that this side cannot follow would cut the line for half a minute.
      if (!transport.setBaudRate) return { switched: false, baudRate, why: 'transport-cannot-follow' }
      await getInStep(signal)
      return switchRate(rate, signal)
    }),
    forgetAgent: async (signal) => lane(signal, async () => {
      inStep = false
      await setHostRate(firstBaudRate, signal)
    }),
  }
}

/** Silence is an outcome here; a lost line, a cancel and the caller's own limit are not. */
async function orSilence<T>(parent: AbortSignal, waiting: Promise<T>): Promise<T | undefined> {
  try {
    return await waiting
  } catch (error) {
    if (isTimeout(error) && !parent.aborted) return undefined
    throw error
  }
}

const isTimeout = (error: unknown): boolean => error instanceof WorkbenchError && error.code === 'link/timeout'

function noAnswer({ receivedBytes, droppedFrames }: AgentLinkCounts): WorkbenchError {
  return new WorkbenchError('device/no-answer', 'The flash agent does not answer', {
    context: { receivedBytes, droppedFrames },
    hint: receivedBytes === 0
      ? 'The console is silent: check power and UART wiring'
      : 'Bytes come, but no answer: the agent has ended, or the baud rate is another one. Start it again',
  })
}
