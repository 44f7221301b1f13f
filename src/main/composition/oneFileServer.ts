import { basename } from 'node:path'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { prefixBitsOf } from '../drivers/network/addressPlan.ts'
import { chooseHostAddress, listHostAddresses } from '../drivers/network/interfaces.ts'
import { addTemporaryAddress, type TemporaryAddress } from '../drivers/network/temporaryAddress.ts'
import { openTftpServer } from '../drivers/tftp/tftpServer.ts'
import { createUdpNetwork } from '../drivers/tftp/udpNetwork.ts'
import { createDeferred, orAborted } from '../../shared/lifecycle/signals.ts'
import { withDeadline } from '../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

const maxBytes = 256 * 1024 * 1024
/** A stranger who tries names one after the other fills no terminal. */
const mostTold = 50

export interface OneFileRequest {
  readonly path: string
  /** Of this computer; without it all of them, or that of `nic`. */
  readonly address?: string | undefined
  readonly nic?: string | undefined
  /** This computer is given `address` on `nic`, in a network of this width, for as long as it serves. */
  readonly netmask?: string | undefined
  readonly port: number
  readonly limitMs: number
  readonly ready: (name: string, address: string, port: number) => void
  readonly progress: (doneBytes: number, totalBytes: number) => void
  readonly note: (level: 'info' | 'warning', message: string) => void
}

/** Serves one file by TFTP until one client has all of it. Transfers that fail are told and another may try. */
export async function serveOneFile(request: OneFileRequest, signal: AbortSignal): Promise<{ readonly sentBytes: number }> {
  const { path, nic, netmask, limitMs, note } = request
  const bytes = await readBounded(path, maxBytes).catch((cause: unknown) => {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'Name the file that is to be served' })
  })
  if (netmask === undefined) {
    const all = listHostAddresses()
    return serve(request, bytes, nic === undefined ? request.address ?? '0.0.0.0' : chooseHostAddress({ nic, wanted: request.address }, all).address, signal)
  }
  const address = request.address ?? ''
  const given = await addTemporaryAddress({ nic: nic ?? '', address, prefixBits: prefixBitsOf(netmask) }, limitMs, signal)
  note('info', given.wasThere ? `${address} is on ${nic ?? ''} already, and stays there` : `${nic ?? ''} has the address ${address} until this ends`)
  try {
    return await serve(request, bytes, address, signal)
  } finally {
    await takeBack(given, note)
  }
}

/** The file was served or it was not; an address that stays a while does not change that, and is told. */
async function takeBack(given: TemporaryAddress, note: OneFileRequest['note']): Promise<void> {
  await given.remove().catch((error: unknown) => {
    if (!(error instanceof WorkbenchError)) throw error
    note('warning', `${error.message}. ${error.hint ?? ''}`)
  })
}

async function serve({ path, port, limitMs, ready, progress, note }: OneFileRequest, bytes: Uint8Array, address: string, signal: AbortSignal): Promise<{ readonly sentBytes: number }> {
  const clock = createSystemClock()
  const whole = createDeferred<void>()
  let told = 0
  const server = await openTftpServer({
    network: createUdpNetwork(), address, port, clock,
    onEvent: (event) => {
      if (event.kind === 'progressed') progress(event.doneBytes, event.totalBytes ?? bytes.length)
      if (event.kind === 'finished') whole.resolve()
      // Whoever asks for another name hears of it on the camera's console only.
      if (event.kind === 'failed' && (told += 1) <= mostTold) note('warning', `${event.peer.address} ${event.direction === 'upload' ? 'could not send' : 'did not get'} ${event.name}: ${event.reason}`)
    },
  })
  try {
    const name = basename(path)
    server.offer(name, bytes)
    ready(name, address, server.port)
    await withDeadline(clock, limitMs, `a client that fetches ${name}`, signal, async (within) => orAborted(whole.promise, within)).catch((cause: unknown) => {
      if (!(cause instanceof WorkbenchError) || cause.code !== 'link/timeout') throw cause
      throw new WorkbenchError('link/timeout', `Nobody fetched all of ${name} within ${limitMs / 1000} s`, {
        cause, context: { limitMs }, hint: `At the prompt of U-Boot: "setenv serverip" with the address of this computer, then "tftpboot ADDRESS ${name}". A firewall may block UDP port ${server.port}`,
      })
    })
    return { sentBytes: bytes.length }
  } finally {
    await server.close()
  }
}
