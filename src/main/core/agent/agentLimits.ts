/** How long the flash agent may take. The slowest chips sum 150 KB a second and read eMMC with 10 KB a second. */
export const agentLimits = {
  infoMs: 5_000,
  /** After a baud switch, and between two tries to find an agent again. */
  infoAgainMs: 3_000,
  readFirstMs: 60_000,
  /** A READ that has begun does not pause. */
  readNextMs: 10_000,
  writeReadyMs: 10_000,
  eraseFirstMs: 5_000,
  eraseSectorMs: 30_000,
  eraseLastMs: 10_000,
  streamFirstMs: 10_000,
  streamSectorMs: 120_000,
  scanHeaderMs: 10_000,
  scanPacketMs: 30_000,
  selfUpdateReadyMs: 5_000,
  selfUpdateDoneMs: 30_000,
  setBaudMs: 5_000,
  ackMs: 5_000,
  bandwidthMs: 30_000,
  /** One handful of packets onto the line, at the slowest rate. */
  sendMs: 15_000,
  readyMs: 10_000,
  /** An agent at a rate that nobody speaks goes back to the first one after 30 s. */
  baudFallbackMs: 35_000,
  writeResultMs: (lengthBytes: number): number => Math.max(60_000, lengthBytes / 50),
  crcMs: (lengthBytes: number): number => Math.max(15_000, 5_000 + lengthBytes / 102.4),
} as const
