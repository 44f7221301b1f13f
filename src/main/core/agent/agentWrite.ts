import { crc32 } from '../../../shared/bytes/crc32.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type AgentCommand, type AgentInfo, commandLimits, packetLimits } from '../../protocols/agent/frame.ts'
import { encodeData } from '../../protocols/agent/writer.ts'
import { expectOk, geometryOf, hexAddress } from './agentAnswers.ts'
import type { AgentLink, AgentTalk } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'
import { crcOfBlank, crcOfContent, proveContent } from './agentProof.ts'
import type { Progress } from './agentRead.ts'

const blockBytes = 16 * 1024
/** Sent without waiting for an answer: 96 % of the line instead of 70 %. */
const windowBlocks = 16
const blockAttempts = 3
const windowPauseMs = 500
/** One write call: few calls on a socket, and a cancel is heard after 4 KiB. */
const packetsAtOnce = 8

export interface WriteDeps {
  readonly link: AgentLink
  readonly clock: Clock
  readonly info: AgentInfo
}

/** Sends content in DATA packets, numbered from `firstSequence`. Stops early once `isOver()`. */
export async function sendContent(talk: AgentTalk, content: Uint8Array, firstSequence: number, isOver: () => boolean = () => false): Promise<void> {
  const step = packetLimits.sentPayloadBytes
  for (let at = 0; at < content.length; at += step * packetsAtOnce) {
    if (isOver()) return
    const packets: Uint8Array[] = []
    for (let from = at; from < Math.min(content.length, at + step * packetsAtOnce); from += step) {
      packets.push(encodeData(firstSequence + from / step, content.subarray(from, from + step)))
    }
    await talk.sendBytes(joinBytes(packets))
  }
}

/**
 * Into RAM, or into flash that is erased already: WRITE does not erase, and what it programs over old content is neither. Resolves once
 * the agent's CRC of the whole range is right. A cancel leaves the range half written.
 */
export async function writeMemory(deps: WriteDeps, address: number, content: Uint8Array, onProgress: Progress | undefined, signal: AbortSignal): Promise<void> {
  const proofAddress = await readableAddress(deps, address, content.length, signal)
  const { link, clock } = deps
  const windowBytes = blockBytes * windowBlocks
  for (let at = 0; at < content.length; at += windowBytes) {
    const part = content.subarray(at, at + windowBytes)
    try {
      await link.exchange(signal, async (talk) => writeWindow(talk, address + at, part))
    } catch (error) {
      if (!isWorthAnother(error, signal)) throw error
      await clock.sleep(windowPauseMs, signal)
      for (let from = 0; from < part.length; from += blockBytes) await writeBlock(deps, address + at + from, part.subarray(from, from + blockBytes), signal)
    }
    onProgress?.(at + part.length, content.length)
  }
  await proveContent({
    link, address: proofAddress, lengthBytes: content.length, expected: crcOfContent(content), what: 'Writing memory',
    hint: 'Write it again; if it stays wrong, the memory or its setting is at fault',
  }, signal)
}

/** Where CRC32 finds what WRITE puts at `address`. Throws for everything that the agent would refuse or spoil. */
async function readableAddress({ link, info }: WriteDeps, address: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
  const context = { address, lengthBytes }
  if (lengthBytes === 0) throw new WorkbenchError('input/malformed', 'There is nothing to write', { context })
  if (address >= info.ramBase && address + lengthBytes <= info.ramBase + commandLimits.ramBytes) return address
  if (address + lengthBytes > info.flashBytes) {
    throw new WorkbenchError('input/malformed', `${hexAddress(address)} is neither RAM (from ${hexAddress(info.ramBase)}) nor an offset in the flash`, {
      context, hint: 'RAM takes its own addresses; flash takes offsets from 0',
    })
  }
  const inWindow = geometryOf(info, true).flashWindow + address
  await proveContent({
    link, address: inWindow, lengthBytes, expected: crcOfBlank(), what: 'Writing to flash that is not erased', hint: 'Erase the range first, or stream the image: that erases by itself',
  }, signal)
  return inWindow
}

async function writeWindow(talk: AgentTalk, address: number, part: Uint8Array): Promise<void> {
  const blocks = Array.from({ length: Math.ceil(part.length / blockBytes) }, (_, index) => part.subarray(index * blockBytes, (index + 1) * blockBytes))
  for (const [index, block] of blocks.entries()) {
    await talk.send(writeCommand('write', address + index * blockBytes, block))
    await sendContent(talk, block, 0)
  }
  for (const [index, block] of blocks.entries()) await confirm(talk, address + index * blockBytes, block)
}

async function confirm(talk: AgentTalk, address: number, block: Uint8Array): Promise<void> {
  const what = `Writing ${block.length} bytes at ${hexAddress(address)}`
  expectOk(await talk.next(agentLimits.writeReadyMs, what), what, { address })
  expectOk(await talk.next(agentLimits.writeResultMs(block.length), what), what, { address })
}

async function writeBlock({ link, clock }: WriteDeps, address: number, block: Uint8Array, signal: AbortSignal): Promise<void> {
  const what = `Writing ${block.length} bytes at ${hexAddress(address)}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      await link.exchange(signal, async (talk) => {
        await talk.send(writeCommand('write', address, block))
        expectOk(await talk.next(agentLimits.writeReadyMs, what), what, { address })
        await sendContent(talk, block, 0)
        expectOk(await talk.next(agentLimits.writeResultMs(block.length), what), what, { address })
      })
      return
    } catch (error) {
      if (attempt >= blockAttempts || !isWorthAnother(error, signal)) throw error
      await clock.sleep(windowPauseMs, signal)
    }
  }
}

/** A damaged or lost packet shows as a wrong CRC, a garbled row of answers or silence. A flash error is final. */
function isWorthAnother(error: unknown, signal: AbortSignal): boolean {
  if (signal.aborted || !(error instanceof WorkbenchError)) return false
  return error.code === 'link/timeout' || error.code === 'link/garbled' || (error.code === 'device/refused' && error.context['status'] === 1)
}

const writeCommand = (kind: 'write' | 'self-update', address: number, content: Uint8Array): AgentCommand =>
  ({ kind, address, lengthBytes: content.length, crc32: crc32(content) })

/** Replaces the running agent. Resolves with the ACK of the new code's CRC; whether it runs is for the next INFO to say. */
export async function sendNewAgent(link: AgentLink, loadAddress: number, code: Uint8Array, signal: AbortSignal): Promise<void> {
  if (code.length === 0 || code.length > commandLimits.selfUpdateBytes) {
    throw new WorkbenchError('input/too-large', `A flash agent has 1 to ${commandLimits.selfUpdateBytes} bytes, not ${code.length}`, { context: { lengthBytes: code.length } })
  }
  const what = 'Replacing the flash agent'
  await link.exchange(signal, async (talk) => {
    await talk.send(writeCommand('self-update', loadAddress, code))
    expectOk(await talk.next(agentLimits.selfUpdateReadyMs, what), what)
    await sendContent(talk, code, 0)
    expectOk(await talk.next(agentLimits.selfUpdateDoneMs, what), what)
  })
}
