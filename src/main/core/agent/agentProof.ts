import { crc32, hexCrc, joinCrc32 } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { commandLimits } from '../../protocols/agent/frame.ts'
import { hexAddress, refused, unexpected } from './agentAnswers.ts'
import type { AgentLink } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'

/** One CRC32 command covers this much: an error names its place, and a cancel waits ten seconds at most. */
export const proofPieceBytes = 1024 * 1024
const attempts = 3

/** What the agent reads there now. Asked again when the answer is lost: the question changes nothing. */
export async function askCrc32(link: AgentLink, address: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
  if (lengthBytes <= 0 || lengthBytes > commandLimits.readBytes) {
    throw new WorkbenchError('input/too-large', `A CRC is taken of 1 byte to ${commandLimits.readBytes} bytes at once`, { context: { lengthBytes } })
  }
  const what = `The CRC of ${lengthBytes} bytes at ${hexAddress(address)}`
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await link.exchange(signal, async (talk) => {
        await talk.send({ kind: 'crc32', address, lengthBytes })
        const answer = await talk.next(agentLimits.crcMs(lengthBytes), what)
        if (answer.kind === 'crc32') return answer.crc32
        if (answer.kind === 'ack') throw refused(answer, what, { address, lengthBytes })
        throw unexpected(answer, what)
      })
    } catch (error) {
      if (attempt >= attempts || signal.aborted || !(error instanceof WorkbenchError) || error.code !== 'link/timeout') throw error
    }
  }
}

/** Of any length: an agent sums 32 MiB at once, and the CRCs of the pieces make that of the whole. */
export async function sumCrc32(link: AgentLink, address: number, lengthBytes: number, signal: AbortSignal): Promise<number> {
  const { readBytes } = commandLimits
  let sum = await askCrc32(link, address, Math.min(readBytes, lengthBytes), signal)
  for (let at = readBytes; at < lengthBytes; at += readBytes) {
    const pieceBytes = Math.min(readBytes, lengthBytes - at)
    sum = joinCrc32(sum, await askCrc32(link, address + at, pieceBytes, signal), pieceBytes)
  }
  return sum
}

export interface Proof {
  readonly link: AgentLink
  readonly address: number
  readonly lengthBytes: number
  /** What has to stand in a piece of it. */
  readonly expected: (at: number, lengthBytes: number) => number
  /** What went before: "Writing flash". */
  readonly what: string
  readonly hint: string
  readonly onProgress?: ((doneBytes: number) => void) | undefined
}

/** Resolves only when every piece has the expected CRC; `device/wrong-content` names the first that has not. */
export async function proveContent(proof: Proof, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < proof.lengthBytes; at += proofPieceBytes) {
    const pieceBytes = Math.min(proofPieceBytes, proof.lengthBytes - at)
    const expected = proof.expected(at, pieceBytes)
    const found = await askCrc32(proof.link, proof.address + at, pieceBytes, signal)
    if (found !== expected) {
      throw new WorkbenchError('device/wrong-content', `${proof.what}: the content at ${hexAddress(proof.address + at)} is not what it should be`, {
        context: { address: proof.address + at, lengthBytes: pieceBytes, expected: hexCrc(expected), found: hexCrc(found) }, hint: proof.hint,
      })
    }
    proof.onProgress?.(at + pieceBytes)
  }
}

export const crcOfContent = (content: Uint8Array) => (at: number, lengthBytes: number): number => crc32(content.subarray(at, at + lengthBytes))

/** Of erased flash. */
export function crcOfBlank(): (at: number, lengthBytes: number) => number {
  const blank = new Uint8Array(proofPieceBytes).fill(0xff)
  return (_, lengthBytes) => crc32(blank.subarray(0, lengthBytes))
}
