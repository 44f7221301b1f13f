import { randomBytes } from 'node:crypto'
import net from 'node:net'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { TftpServer } from './tftpTypes.ts'

export interface TftpCheckOptions {
  readonly server: Pick<TftpServer, 'offer' | 'port'>
  /** The address that the cameras will be told: it is asked as they would ask it. */
  readonly address: string
  /** Other than the server's own where something forwards to it. */
  readonly port?: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly limitMs?: number | undefined
}

export type TftpCheckResult =
  | { readonly ok: true; readonly elapsedMs: number }
  | { readonly ok: false; readonly reason: string; readonly hint: string }

/** Several blocks of node-tftp's 1468 bytes and a short one, so that acknowledgements have to come through too. */
const probeBytes = 8_000
const packetWaitMs = 800

/**
 * Fetches a small file from our own server with a client that is not ours. It proves address, port and server; what
 * lies between this computer and the camera it cannot see. Always ends by `limitMs`; rejects only when cancelled.
 */
export async function checkTftpReachable(options: TftpCheckOptions): Promise<TftpCheckResult> {
  const { server, address, port = server.port, clock, signal, limitMs = 5_000 } = options
  signal.throwIfAborted()
  if (net.isIP(address) === 0) return failed(`${address} is no IP address`, 'Give the address of this computer on the cameras\' network in dotted form.')
  const content = randomBytes(probeBytes)
  const offer = server.offer(`self-check-${randomBytes(8).toString('hex')}`, content)
  const startedMs = clock.nowMs()
  try {
    const arrived = await withDeadline(clock, limitMs, 'The TFTP self-check', signal, async (until) => fetchOnce(address, port, offer.name, until))
    if (!content.equals(arrived)) return failed('other bytes arrived than were offered', `Another TFTP server may answer on ${address}: stop it.`)
    return { ok: true, elapsedMs: clock.nowMs() - startedMs }
  } catch (error) {
    signal.throwIfAborted()
    const late = error instanceof WorkbenchError && error.code === 'link/timeout'
    return failed(
      late ? `nothing came back from ${address} port ${port} within ${limitMs} ms` : `${address} port ${port}: ${error instanceof Error ? error.message : 'unknown error'}`,
      `Check that this computer has the address ${address} and that its firewall lets UDP port ${port} in.`,
    )
  } finally {
    offer.remove()
  }
}

const failed = (reason: string, hint: string): TftpCheckResult => ({ ok: false, reason, hint })

async function fetchOnce(host: string, port: number, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const { default: tftp } = await import('node-tftp')
  // Loading took its time, and an abort that came meanwhile calls no listener any more.
  signal.throwIfAborted()
  const stream = tftp.createClient({ host, port, retries: 3, timeout: packetWaitMs }).createGetStream(name)
  // Its socket is there one turn later, and an abort before that would leave the socket open for good.
  const stop = (): void => { setImmediate(() => { stream.abort('The check is over') }) }
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      const parts: Buffer[] = []
      let lengthBytes = 0
      stream.on('data', (part: Buffer) => {
        lengthBytes += part.length
        // Whoever answers instead of us may send without end.
        if (lengthBytes > probeBytes) { reject(new Error('more bytes arrived than were offered')); stop(); return }
        parts.push(part)
      })
      stream.on('end', () => { resolve(Buffer.concat(parts)) })
      stream.on('error', reject)
      // Emitted by this package alone, and then neither `end` nor `error` follows.
      stream.on('abort', () => { reject(new Error('stopped')) })
      signal.addEventListener('abort', () => { reject(signal.reason as Error) }, { once: true })
    })
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
