import type { RackPod } from '../../../shared/devices/rackPod.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { openTcpTransport, type TcpPlace } from './tcpTransport.ts'

/** The bridge of a rack pod: plain TCP, but the pod can be told over HTTP to change its rate, so both ends follow. */
export async function openRackTransport(
  place: TcpPlace, pod: Pick<RackPod, 'setBaudRate'>, clock: Clock, signal: AbortSignal,
): Promise<Transport> {
  const bridge = await openTcpTransport(place, clock, signal)
  return { ...bridge, setBaudRate: async (baudRate, baudSignal) => pod.setBaudRate(baudRate, baudSignal) }
}
