/** Packets of the flash agent: a small program in the camera's RAM that reads and writes flash over the UART. All numbers are little-endian. */
export const commandCodes = {
  info: 0x01, read: 0x02, write: 0x03, erase: 0x04, crc32: 0x05, reboot: 0x06, selfUpdate: 0x07, setBaudRate: 0x08,
  scan: 0x09, flashProgram: 0x0a, flashStream: 0x0b, markBad: 0x0c, memoryBandwidth: 0x0d,
} as const

export const answerCodes = { info: 0x81, data: 0x82, ack: 0x83, crc32: 0x84, ready: 0x85, scan: 0x86, memoryBandwidth: 0x87 } as const

/** `refusedOrDamaged` means a wrong CRC, an unknown command or a wrong length; the agent does not say which. */
export const ackStatus = { ok: 0, refusedOrDamaged: 1, flashError: 2 } as const

export const packetLimits = {
  dataBytes: 1024,
  /** A longer frame is dropped by both sides. */
  encodedBytes: 1100,
  /** One code and the CRC. */
  leastBytes: 5,
  /** What a READ answer holds behind its sequence number; shorter only at the end. */
  readPayloadBytes: 1022,
  /** What the host sends in one DATA packet. */
  sentPayloadBytes: 512,
  /** Agents before the variable bitmap read 32 bytes; newer ones ignore what is too much. */
  leastBitmapBytes: 32,
  mostBitmapBytes: 1024 - 12,
} as const

/** Limits of single commands: more is refused by the agent. */
export const commandLimits = {
  readBytes: 32 * 1024 * 1024,
  selfUpdateBytes: 256 * 1024,
  bandwidthBytes: 16 * 1024 * 1024,
  bandwidthIterations: 256,
  ramBytes: 128 * 1024 * 1024,
  leastBaudRate: 9600,
  mostBaudRate: 3_000_000,
} as const

export const defaultFlashWindow = 0x14000000

/** Bit 0 first. */
export const capabilityNames = ['flash-stream', 'sector-bitmap', 'page-skip', 'set-baud', 'reboot', 'self-update', 'scan', 'memory-bandwidth'] as const
export type AgentCapability = (typeof capabilityNames)[number]

export type FlashKind = 'nor' | 'nand' | 'emmc' | 'unknown'

export interface AgentInfo {
  /** Six lower-case hex digits: `ef4018`. */
  readonly jedecId: string
  readonly flashKind: FlashKind
  /** Clipped below 4 GiB on eMMC. */
  readonly flashBytes: number
  readonly ramBase: number
  readonly sectorBytes: number
  /** 1 for agents that do not say; they claim no capability either. */
  readonly version: number
  readonly capabilities: ReadonlySet<AgentCapability>
  /** Where the flash is seen by READ and CRC32; ERASE and WRITE count from 0. */
  readonly flashWindow: number
}

export type AgentCommand =
  | { readonly kind: 'info' | 'reboot' | 'scan' }
  | { readonly kind: 'read' | 'erase' | 'crc32'; readonly address: number; readonly lengthBytes: number }
  | { readonly kind: 'write' | 'self-update'; readonly address: number; readonly lengthBytes: number; readonly crc32: number }
  | { readonly kind: 'set-baud'; readonly baudRate: number }
  | { readonly kind: 'flash-program'; readonly ramAddress: number; readonly flashAddress: number; readonly lengthBytes: number; readonly crc32: number }
  | { readonly kind: 'flash-stream'; readonly flashAddress: number; readonly lengthBytes: number; readonly crc32: number; readonly bitmap: Uint8Array }
  | { readonly kind: 'mark-bad'; readonly block: number }
  /** Zeros ask for the agent's own choice. */
  | { readonly kind: 'memory-bandwidth'; readonly lengthBytes: number; readonly iterations: number; readonly address: number }

export const sectorFindings = ['good', 'empty', 'all-zero', 'one-value', 'unstable', 'read-error', 'bad-block'] as const
export type SectorFinding = (typeof sectorFindings)[number]

export interface ScanRecord {
  /** An unknown status counts as `read-error`. */
  readonly finding: SectorFinding
  readonly crc32: number
}

export interface MemoryBandwidth {
  readonly address: number
  readonly lengthBytes: number
  readonly iterations: number
  readonly timerHz: number
  readonly fillTicks: number
  readonly readTicks: number
  readonly copyTicks: number
  readonly architecture: number
}

/** What stands between two zero bytes. `dropped` packets are told, because many of them mean a wrong baud rate. */
export type AgentFrame =
  | { readonly kind: 'packet'; readonly code: number; readonly data: Uint8Array }
  | { readonly kind: 'dropped'; readonly reason: 'not-cobs' | 'too-short' | 'too-long' | 'wrong-crc' }

export type AgentAnswer =
  | { readonly kind: 'info'; readonly info: AgentInfo }
  /** What the bytes mean depends on the command: see `parseReadData`, `parseEraseProgress`, `parseFlashProgress`. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'ack'; readonly status: number; readonly receivedBytes: number | undefined; readonly crc32: number | undefined }
  | { readonly kind: 'crc32'; readonly crc32: number }
  | { readonly kind: 'ready'; readonly text: string }
  | { readonly kind: 'scan-header'; readonly sectorCount: number }
  | { readonly kind: 'scan-records'; readonly records: readonly ScanRecord[] }
  | { readonly kind: 'memory-bandwidth'; readonly bandwidth: MemoryBandwidth }
  | { readonly kind: 'malformed'; readonly code: number; readonly reason: string }
