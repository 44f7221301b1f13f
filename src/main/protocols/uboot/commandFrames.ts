import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'

/**
 * Download-command mode: some step codes leave U-Boot serving framed commands instead of a shell (hi3516av200 is the case seen).
 * XHEAD announces the length, XCMD carries the text; each is answered by one byte, then the output comes, then an end mark.
 */
export const frameReply = { accepted: 0xaa, rejected: 0x55 } as const

/** The device's buffer is 1024 bytes without a bounds check, frame bytes included. */
export const maxFramedCommandBytes = 1000

export const downloadModeBanner = 'start download process'

export function encodeXhead(commandBytes: number): Uint8Array {
  if (commandBytes < 1 || commandBytes > maxFramedCommandBytes) throw new RangeError(`framed command of ${commandBytes} bytes`)
  return sealed(Uint8Array.of(0xab, commandBytes >> 8, commandBytes & 0xff))
}

export function encodeXcmd(command: string): Uint8Array {
  const text = new TextEncoder().encode(command)
  return sealed(Uint8Array.of(0xcd, ...text))
}

/** `undefined`: the end mark has not come yet. */
export function parseFramedOutput(received: string): { readonly output: string; readonly ok: boolean } | undefined {
  const end = /\[EOT\]\((OK|ERROR)\)/.exec(received)
  return end ? { output: received.slice(0, end.index).replaceAll('\r', ''), ok: end[1] === 'OK' } : undefined
}

function sealed(body: Uint8Array): Uint8Array {
  const crc = crc16Xmodem(body)
  return Uint8Array.of(...body, crc >> 8, crc & 0xff)
}
