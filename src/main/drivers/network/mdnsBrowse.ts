import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encodeMdnsQuestion } from '../../protocols/mdns/writer.ts'
import { type MdnsRecord, parseMdnsAnswer } from '../../protocols/mdns/parser.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { listHostAddresses } from './interfaces.ts'

export interface MdnsBrowseOptions extends MdnsPlace {
  readonly types: readonly string[]
  readonly forMs: number
  readonly clock: Pick<Clock, 'sleep'>
}
export interface MdnsPlace {
  /** Ours to listen on: the group is heard with everybody else of this computer. */
  readonly group?: { readonly address: string; readonly port: number }
  /** Addresses of this computer whose networks are asked; all, unless told. */
  readonly interfaces?: readonly string[]
}

/** A network that answers more than that is not asked on. */
const maxRecords = 4_096
const repeatMs = 1_000

/** Everything that answers in that time. Nobody is contacted but the multicast group. */
export async function browseMdns({ types, forMs, clock, group = { address: '224.0.0.251', port: 5353 }, interfaces = ownAddresses() }: MdnsBrowseOptions, signal: AbortSignal): Promise<readonly MdnsRecord[]> {
  signal.throwIfAborted()
  const records: MdnsRecord[] = []
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  socket.on('message', (message) => {
    const parsed = parseMdnsAnswer(message) ?? []
    if (records.length + parsed.length <= maxRecords) records.push(...parsed)
  })
  const failed: { problem?: Error } = {}
  socket.on('error', (problem) => { failed.problem = problem })
  try {
    const listening = once(socket, 'listening')
    socket.bind(group.port, '0.0.0.0')
    await listening
    const joined = interfaces.filter((address) => join(socket, group.address, address))
    if (joined.length === 0) throw new Error('no network interface takes part in multicast')
    const question = encodeMdnsQuestion(types)
    for (let spentMs = 0; spentMs < forMs; spentMs += repeatMs) {
      for (const address of joined) {
        socket.setMulticastInterface(address)
        // A network that is not there any more is no reason to leave the others alone.
        await new Promise<void>((sent) => { socket.send(question, group.port, group.address, () => { sent() }) })
      }
      await clock.sleep(Math.min(repeatMs, forMs - spentMs), signal)
    }
    return records
  } catch (cause) {
    signal.throwIfAborted()
    throw new WorkbenchError('host/io', `This network cannot be listened to: ${(failed.problem ?? (cause as Error)).message.slice(0, 120)}`, { cause, hint: 'Give the address of the pod by hand' })
  } finally {
    const closed = once(socket, 'close')
    socket.close()
    await closed
  }
}

const ownAddresses = (): readonly string[] => listHostAddresses().filter(({ internal }) => !internal).map(({ address }) => address)

function join(socket: ReturnType<typeof createSocket>, group: string, address: string): boolean {
  try {
    socket.addMembership(group, address)
    return true
  } catch {
    // An interface without multicast: the others may have it.
    return false
  }
}
