import type { Transport } from '../../../shared/devices/transport.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import { findSerialPort, type SerialPortEntry } from './listSerialPorts.ts'
import { openSerialTransport } from './serialTransport.ts'

/** udev answers in some 50 ms; while it settles after plugging in, later. */
const findLimitMs = 5_000

export interface UsbPlace {
  readonly label: string
  /** From the list of ports. */
  readonly identity: string
}

/**
 * A serial adapter wherever it is now: looked for at each opening, so that one that was plugged in again is found under its
 * new name. Fails as a serial port does, and with `input/conflict` when several adapters answer to the identity.
 */
export async function openUsbTransport(
  { label, identity }: UsbPlace, clock: Clock, signal: AbortSignal, find: (identity: string) => Promise<Pick<SerialPortEntry, 'device'>> = findSerialPort,
): Promise<Transport> {
  const { device } = await withDeadline(clock, findLimitMs, `Looking for ${label}`, signal, async () => find(identity))
  // Not the alias: of two adapters with one serial number, both have the same.
  return openSerialTransport({ label, path: device }, clock, signal)
}
