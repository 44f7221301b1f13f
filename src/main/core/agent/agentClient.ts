import { crc32 } from '../../../shared/bytes/crc32.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { type AgentInfo, commandLimits, type MemoryBandwidth, type ScanRecord } from '../../protocols/agent/frame.ts'
import { checkRange, expectOk, type FlashGeometry, geometryOf, needs, unexpected } from './agentAnswers.ts'
import { eraseFlash } from './agentErase.ts'
import { type AgentLink, type BaudSwitch, createAgentLink } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'
import { crcOfContent, proveContent, sumCrc32 } from './agentProof.ts'
import { type Progress, type ReadOptions, readRange } from './agentRead.ts'
import { scanSectors } from './agentScan.ts'
import { sendNewAgent, writeMemory } from './agentWrite.ts'
import { type FlashStreamOptions, type StreamedImage, streamToFlash } from './flashStream.ts'

/** For less than this the switch costs more than it brings. */
const worthSwitchingBytes = 4096

export interface AgentClientDeps {
  readonly transport: Transport
  readonly clock: Clock
  /** What both sides speak now; 115200 unless told. */
  readonly baudRate?: number
  /** 921600 is the highest rate that was proved on real boards. Left out: the line stays as it is. */
  readonly fastBaudRate?: number
  /** A word for the report: lost packets, a rate that did not work. */
  readonly onNote?: (note: string) => void
}

export interface ProvedRead {
  readonly bytes: Uint8Array
  /** The agent's own CRC of the range, equal to that of the bytes. */
  readonly crc32: number
}

/**
 * A flash agent that runs. Addresses are the agent's (RAM, flash window); offsets count from the beginning of the flash. Errors:
 * `device/refused` (the agent said no), `device/wrong-content` (proof failed), `device/no-answer`, `link/*`, `input/*`.
 */
export interface AgentClient {
  readonly link: AgentLink
  /** Asked anew each time. */
  info(signal: AbortSignal): Promise<AgentInfo>
  /** Any address the agent allows: RAM, registers, the flash window. What is lost on the line is asked for again. */
  read(address: number, lengthBytes: number, signal: AbortSignal, onProgress?: Progress): Promise<Uint8Array>
  readFlash(offsetBytes: number, lengthBytes: number, signal: AbortSignal, onProgress?: Progress): Promise<ProvedRead>
  /** RAM, or an offset in erased flash. */
  write(address: number, content: Uint8Array, signal: AbortSignal, onProgress?: Progress): Promise<void>
  erase(offsetBytes: number, lengthBytes: number, signal: AbortSignal, onProgress?: Progress): Promise<void>
  crc32(address: number, lengthBytes: number, signal: AbortSignal): Promise<number>
  flashStream(offsetBytes: number, image: Uint8Array, options: FlashStreamOptions, signal: AbortSignal): Promise<StreamedImage>
  /** One record for each sector, or an error. `device/unknown-command`: an old agent after all. */
  scan(signal: AbortSignal, onProgress?: Progress): Promise<readonly ScanRecord[]>
  /** NAND only, and for good. */
  markBad(block: number, signal: AbortSignal): Promise<void>
  /** Zeros ask for the agent's own choice. */
  memoryBandwidth(request: { readonly lengthBytes: number; readonly iterations: number; readonly address: number }, signal: AbortSignal): Promise<MemoryBandwidth>
  /** Resolves when the new agent has answered. */
  selfUpdate(loadAddress: number, code: Uint8Array, signal: AbortSignal): Promise<AgentInfo>
  /** Resolves with the ACK; the camera restarts after it. */
  reboot(signal: AbortSignal): Promise<void>
  useBaudRate(baudRate: number, signal: AbortSignal): Promise<BaudSwitch>
  /** Back to the first rate, so that whoever opens the line next is understood. */
  release(signal: AbortSignal): Promise<void>
}

export function createAgentClient(deps: AgentClientDeps): AgentClient {
  const { clock, fastBaudRate } = deps
  const link = createAgentLink(deps)
  const firstBaudRate = link.baudRate
  const note = (text: string): void => deps.onNote?.(text)
  let known: AgentInfo | undefined
  let isFastHopeless = false

  const info = async (signal: AbortSignal): Promise<AgentInfo> => (known = await link.info(signal))
  const knownInfo = async (signal: AbortSignal): Promise<AgentInfo> => known ?? info(signal)
  const useBaudRate = async (baudRate: number, signal: AbortSignal): Promise<BaudSwitch> => {
    if (!Number.isInteger(baudRate) || baudRate < commandLimits.leastBaudRate || baudRate > commandLimits.mostBaudRate) {
      throw new WorkbenchError('input/malformed', `A flash agent speaks ${commandLimits.leastBaudRate} to ${commandLimits.mostBaudRate} baud`, { context: { baudRate } })
    }
    if (link.canChangeBaudRate) needs(await knownInfo(signal), ['set-baud'], 'change its baud rate')
    return link.useBaudRate(baudRate, signal)
  }
  /** A slow line is no failure: the work is done all the same. */
  const hurry = async (lengthBytes: number, signal: AbortSignal): Promise<void> => {
    const isPossible = fastBaudRate !== undefined && link.canChangeBaudRate && !isFastHopeless && link.baudRate !== fastBaudRate
    if (!isPossible || lengthBytes <= worthSwitchingBytes || !(await knownInfo(signal)).capabilities.has('set-baud')) return
    const outcome = await link.useBaudRate(fastBaudRate, signal)
    if (outcome.switched) return
    isFastHopeless = true
    note(`The line stays at ${outcome.baudRate} baud: ${whyInWords[outcome.why]}`)
  }
  const readOptions = (agent: AgentInfo, onProgress: Progress | undefined): ReadOptions => ({
    alignBytes: agent.flashKind === 'emmc' ? 512 : 1, onProgress,
    onLost: (lostBytes) => { note(`${lostBytes} bytes were lost on the line and are read again`) },
  })
  const ask = async (signal: AbortSignal, what: string, command: Parameters<Parameters<Parameters<AgentLink['exchange']>[1]>[0]['send']>[0]): Promise<void> =>
    link.exchange(signal, async (talk) => {
      await talk.send(command)
      expectOk(await talk.next(agentLimits.ackMs, what), what)
    })

  return {
    link, info, useBaudRate,
    read: async (address, lengthBytes, signal, onProgress) => {
      const agent = await knownInfo(signal)
      if (lengthBytes <= 0) throw new WorkbenchError('input/malformed', 'There is nothing to read', { context: { address, lengthBytes } })
      await hurry(lengthBytes, signal)
      return readRange(link, address, lengthBytes, readOptions(agent, onProgress), signal)
    },
    readFlash: async (offsetBytes, lengthBytes, signal, onProgress) => {
      const agent = await knownInfo(signal)
      const flash = geometryOf(agent, false)
      checkRange(flash, offsetBytes, lengthBytes, false)
      await hurry(lengthBytes, signal)
      const address = flash.flashWindow + offsetBytes
      const bytes = await readRange(link, address, lengthBytes, readOptions(agent, onProgress), signal)
      await proveContent({
        link, address, lengthBytes, expected: crcOfContent(bytes), what: 'Reading flash', hint: 'The flash reads differently each time: scan it for unstable sectors',
      }, signal)
      return { bytes, crc32: crc32(bytes) }
    },
    write: async (address, content, signal, onProgress) => {
      const agent = await knownInfo(signal)
      await hurry(content.length, signal)
      await writeMemory({ link, clock, info: agent }, address, content, onProgress, signal)
    },
    erase: async (offsetBytes, lengthBytes, signal, onProgress) => {
      await eraseFlash(link, geometryOf(await knownInfo(signal), true), offsetBytes, lengthBytes, onProgress, signal)
    },
    crc32: async (address, lengthBytes, signal) => sumCrc32(link, address, lengthBytes, signal),
    flashStream: async (offsetBytes, image, options, signal) => {
      // Asked anew: this erases, and nobody may have changed the camera since.
      const agent = await info(signal)
      if (image.length === 0) throw new WorkbenchError('input/malformed', 'The image is empty')
      await hurry(image.length, signal)
      return streamToFlash(link, agent, offsetBytes, image, options, signal)
    },
    scan: async (signal, onProgress) => {
      const agent = await knownInfo(signal)
      needs(agent, ['scan'], 'scan its flash')
      return scanSectors(link, geometryOf(agent, false), onProgress, signal)
    },
    markBad: async (block, signal) => {
      const agent = await knownInfo(signal)
      checkBlock(agent, geometryOf(agent, true), block)
      await ask(signal, `Marking block ${block} as bad`, { kind: 'mark-bad', block })
    },
    memoryBandwidth: async (request, signal) => {
      needs(await knownInfo(signal), ['memory-bandwidth'], 'measure its memory')
      checkBandwidth(request)
      return link.exchange(signal, async (talk) => {
        await talk.send({ kind: 'memory-bandwidth', ...request })
        const answer = await talk.next(agentLimits.bandwidthMs, 'Measuring memory')
        if (answer.kind === 'memory-bandwidth') return answer.bandwidth
        expectOk(answer, 'Measuring memory')
        throw unexpected(answer, 'Measuring memory')
      })
    },
    selfUpdate: async (loadAddress, code, signal) => {
      needs(await knownInfo(signal), ['self-update'], 'replace itself')
      known = undefined
      await sendNewAgent(link, loadAddress, code, signal)
      // The new code starts at the first rate.
      await link.forgetAgent(signal)
      await link.waitForReady(agentLimits.readyMs, signal)
      return info(signal)
    },
    reboot: async (signal) => {
      needs(await knownInfo(signal), ['reboot'], 'restart the camera')
      known = undefined
      await ask(signal, 'Restarting the camera', { kind: 'reboot' })
      await link.forgetAgent(signal)
    },
    release: async (signal) => {
      if (link.baudRate !== firstBaudRate) await link.useBaudRate(firstBaudRate, signal)
    },
  }
}

const whyInWords: Readonly<Record<Extract<BaudSwitch, { switched: false }>['why'], string>> = {
  'transport-cannot-follow': 'this connection cannot change its rate',
  'agent-refused': 'the flash agent refused another rate',
  'no-answer-at-new-rate': 'the flash agent did not answer at the faster rate',
}

function checkBlock(agent: AgentInfo, flash: FlashGeometry, block: number): void {
  if (agent.flashKind !== 'nand') throw new WorkbenchError('input/not-supported', 'Only NAND flash has bad-block marks', { context: { flashKind: agent.flashKind } })
  if (!Number.isInteger(block) || block < 0 || block >= flash.sectorCount) {
    throw new WorkbenchError('input/malformed', `Block ${block} is not one of ${flash.sectorCount}`, { context: { block } })
  }
}

function checkBandwidth({ lengthBytes, iterations }: { readonly lengthBytes: number; readonly iterations: number }): void {
  if (lengthBytes < 0 || lengthBytes > commandLimits.bandwidthBytes || lengthBytes % 256 !== 0 || iterations < 0 || iterations > commandLimits.bandwidthIterations) {
    throw new WorkbenchError('input/malformed', 'Memory is measured over at most 16 MiB in steps of 256 bytes, at most 256 times', { context: { lengthBytes, iterations } })
  }
}

/**
 * For an agent that was just started: its READY within 10 s, then INFO. `device/no-answer` has the usual reason as its hint.
 */
export async function waitForAgent(client: AgentClient, signal: AbortSignal): Promise<AgentInfo> {
  try {
    await client.link.waitForReady(agentLimits.readyMs, signal)
  } catch (error) {
    if (signal.aborted || !(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    const { receivedBytes, droppedFrames } = client.link.counts
    throw new WorkbenchError('device/no-answer', `The flash agent did not report within ${agentLimits.readyMs / 1000} s of its start`, {
      cause: error, context: { receivedBytes, droppedFrames },
      hint: receivedBytes === 0
        ? 'The usual reason is memory that was set up for another board: try another variant of this chip, or load the agent from the vendor U-Boot with loady and go'
        : 'Bytes come, but no packets: something else is running there, or the baud rate is another one',
    })
  }
  return client.info(signal)
}
