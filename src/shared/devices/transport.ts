/** What every line runs at when nobody has asked for another rate; boot ROMs and U-Boots know no other. */
export const restingBaudRate = 115_200

/** Some of the bytes that came, and when. */
export interface Arrival { readonly lengthBytes: number; readonly atMs: number }
/** Bytes that waited until they were taken; `arrivals` tell of each of them, in order. Wall time. */
export interface Arrived { readonly bytes: Uint8Array; readonly arrivals: readonly Arrival[] }

/**
 * Bytes both ways with one far end: a serial line, a TCP bridge, a memory cable. One reader at a time.
 * A lost line is `link/closed`; a line that could not be opened is `link/unreachable`.
 */
export interface Transport {
  /** For messages and reports, without secrets: `tcp://10.0.0.7:9000`. */
  readonly label: string
  /** At least one byte; `undefined` when the far side closed in order. Rejects with the signal's reason when aborted; no byte is lost by that. */
  read(signal: AbortSignal): Promise<Uint8Array | undefined>
  /** All that has come and was not read, at once; `undefined` when that is nothing. Absent where the line cannot say when it came. */
  readonly take?: (() => Arrived | undefined) | undefined
  /** Resolves when all bytes were handed to the line; `link/closed` or `link/timeout` otherwise. */
  write(bytes: Uint8Array, signal: AbortSignal): Promise<void>
  /** Really drops what is pending, the kernel's buffer included: reads until nothing comes for 20 ms. Result: bytes dropped. */
  discardInput(signal: AbortSignal): Promise<number>
  /** Changes both ends of the link. Absent where the far end cannot follow (plain TCP). */
  readonly setBaudRate?: ((baudRate: number, signal: AbortSignal) => Promise<void>) | undefined
  /** The modem lines, where the link carries them; a line that is left out stays as it is. */
  readonly setLines?: ((lines: { readonly dtr?: boolean; readonly rts?: boolean }, signal: AbortSignal) => Promise<void>) | undefined
  /** Holds the line low for `durationMs`. */
  readonly sendBreak?: ((durationMs: number, signal: AbortSignal) => Promise<void>) | undefined
  /** Idempotent; a pending `read` gives `undefined`. */
  close(): Promise<void>
}

/** Opens one; the signal bounds the opening only. */
export type OpenTransport = (signal: AbortSignal) => Promise<Transport>
