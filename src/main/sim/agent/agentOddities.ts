/** How this agent, its flash or its line differ from a healthy one. */
export interface SimAgentOddities {
  /** Share of the packets of READ answers that never arrive, 0 to 1. */
  readonly readLoss?: number
  /** Each so many-th packet leaves damaged. */
  readonly damagesEvery?: number
  /** READY before each answer, three times. */
  readonly readyEverywhere?: boolean
  /** 1 to 4; version 1 says nothing of capabilities and knows neither SCAN nor FLASH_STREAM nor SET_BAUD. */
  readonly version?: number
  /** Capability bits other than those of its version. */
  readonly capabilityBits?: number
  /** As INFO says it; NOR unless told. eMMC can only be read, in blocks of 512 bytes. */
  readonly flashKind?: 'nor' | 'nand' | 'emmc'
  /** As INFO says it; what is there is as large as ever. */
  readonly flashBytes?: number
  readonly eraseErrorAtSector?: number
  readonly eraseEndsAtSector?: number
  readonly streamErrorAtSector?: number
  /** ACK ok after so many sectors, and no more. */
  readonly streamEndsAfter?: number
  /** Loses the so many-th DATA packet of a stream or a write. */
  readonly losesDataPacket?: number
  /** CRC32 reads this fast. */
  readonly crcBytesPerMs?: number
  /** `deaf`: says yes and stays at the old rate. `gone`: changes to a rate that nobody speaks. `silent-ack`: changes without an answer. */
  readonly baudSwitch?: 'deaf' | 'gone' | 'silent-ack' | 'refused'
  /** Erasing does nothing, and is reported as done. */
  readonly ignoresErase?: boolean
  readonly unstableSectors?: readonly number[]
  readonly deadSectors?: readonly number[]
  readonly scanStopsAt?: number
  /** SCAN answers with this status. */
  readonly scanStatus?: number
  /** No byte ever: the memory is not the one that the profile set up. */
  readonly mute?: boolean
}
