import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const headBytes = 8192
const auxLengthAt = 1024

/** The three areas that a V500 boot ROM is given, in order. Views of the image. */
export interface V500Image {
  readonly head: Uint8Array
  /** DDR set-up; its length stands in the image. */
  readonly aux: Uint8Array
  readonly boot: Uint8Array
}

/** `input/malformed` for anything that is shorter than it says. */
export function parseV500Image(image: Uint8Array): V500Image {
  if (image.length < headBytes) throw malformed(`it has ${image.length} bytes, and the head area alone has ${headBytes}`)
  const auxBytes = new DataView(image.buffer, image.byteOffset, image.byteLength).getUint32(auxLengthAt, true)
  if (auxBytes === 0) throw malformed('its aux area is empty')
  if (auxBytes > image.length - headBytes) throw malformed(`its aux area is said to have ${auxBytes} bytes, and ${image.length - headBytes} are there`)
  return { head: image.subarray(0, headBytes), aux: image.subarray(headBytes, headBytes + auxBytes), boot: image }
}

const malformed = (why: string): WorkbenchError => new WorkbenchError('input/malformed', `The file is no V500 boot image: ${why}`, {
  hint: 'Give the complete boot image that was built for this chip',
})
