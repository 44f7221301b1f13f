/** First byte of each frame of the boot ROM; HEAD, DATA and TAIL make one transfer. */
export const frameStart = { head: 0xfe, data: 0xda, tail: 0xed, v500Hello: 0xbd, boardQuery: 0xce } as const

/** One byte answers each frame. The Standard family never rejects: it stays silent. */
export const replyByte = { accepted: 0xaa, rejected: 0x55 } as const

/** The boot ROM of the Standard family sends these for about 100 ms after reset. */
export const markerByte = 0x20
/** So many in a row mean "ready for an upload". */
export const markersOfBootMode = 5

/** A longer DATA frame is not taken. */
export const maxDataBytes = 1024

/** The speed at which every boot ROM starts; 8N1 makes ten bits of each byte. */
export const bootBaudRate = 115_200
export const bootByteMs = 10_000 / bootBaudRate

/** Load addresses of the two families without a profile. */
export const v500Address = { head: 0x0000_0000, aux: 0x0000_2000, boot: 0x4100_0000 } as const
export const cv6xxAddress = { gsl: 0x0402_0000, ram: 0x4100_0000 } as const
