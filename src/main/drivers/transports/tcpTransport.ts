import { connect } from 'node:net'
import type { Transport } from '../../../shared/devices/transport.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { openSocketTransport } from './socketTransport.ts'

export interface TcpPlace {
  readonly label: string
  readonly host: string
  readonly port: number
}

export async function openTcpTransport({ label, host, port }: TcpPlace, clock: Clock, signal: AbortSignal): Promise<Transport> {
  return openSocketTransport({ label, connect: (onread) => connect({ host, port, onread }), connectedAt: 'connect', hint: 'Is it on, is the address right, and does no other program hold the line?' }, clock, signal)
}
