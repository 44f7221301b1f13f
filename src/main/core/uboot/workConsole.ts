import type { Transport } from '../../../shared/devices/transport.ts'

/** A console lent to one job. Viewers keep watching; nobody else types. */
export interface WorkConsole extends Transport {
  /** Hangs up, so that the pod may use the UART; viewers see the gap. */
  detach(signal: AbortSignal): Promise<void>
  /** Opens the line again. */
  attach(signal: AbortSignal): Promise<void>
  /** The last lines as text, for evidence: at most 4 KiB. */
  tail(): string
}
