import { connect } from 'node:net'
import type { Transport } from '../../../shared/devices/transport.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { openSocketTransport } from './socketTransport.ts'

export interface UnixSocketPlace {
  readonly label: string
  readonly path: string
}

/** The console of an emulator, as a rule. */
export async function openUnixSocketTransport({ label, path }: UnixSocketPlace, clock: Clock, signal: AbortSignal): Promise<Transport> {
  return openSocketTransport({ label, connect: (onread) => connect({ path, onread }), connectedAt: 'connect', hint: 'Start the program that makes this socket, and check the path' }, clock, signal)
}
