import { type HostAddress, listHostAddresses } from '../drivers/network/interfaces.ts'

/** The addresses that a camera could be told; loopback too, for what runs here. */
export const hostAddresses = (): readonly HostAddress[] => listHostAddresses()
