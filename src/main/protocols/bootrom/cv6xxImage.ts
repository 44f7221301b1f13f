import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const gslMagic = 0x4bb4d22d
const gslMagicAt = 2048
const gslLengthAt = 2084
const gslFrameBytes = 3072
const parameterMagic = 0x4b87a52d
const ubootMagic = 0x4bf01e2d
const ubootLengthAt = 36
const ubootHeadBytes = 1024
/** From the end of the GSL part. */
const parametersAt = 1024
const tableHeadBytes = 2048
const boardMapAt = 300
const boardMapBytes = 8

/** The parts that a CV6xx boot ROM is given, in order. */
export interface Cv6xxImage {
  readonly gsl: Uint8Array
  readonly tableCount: number
  /** The DDR table for a board with its fixed head. A board that the map does not name gets what the map says for board 0. */
  ddrTable(boardId: number): { readonly index: number; readonly bytes: Uint8Array }
  readonly uboot: Uint8Array
}

/** All numbers are little-endian. `input/malformed` names the part that is missing or reaches past the end of the file. */
export function parseCv6xxImage(image: Uint8Array): Cv6xxImage {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength)
  const number = (at: number, what: string): number => {
    if (at + 4 > image.length) throw malformed(`it ends before ${what}`)
    return view.getUint32(at, true)
  }
  const part = (at: number, lengthBytes: number, what: string): Uint8Array => {
    if (at + lengthBytes > image.length) throw malformed(`${what} reaches ${at + lengthBytes - image.length} bytes past its end`)
    return image.subarray(at, at + lengthBytes)
  }
  if (number(gslMagicAt, 'its GSL header') !== gslMagic) throw malformed('its GSL magic is missing')
  const gslBytes = number(gslLengthAt, 'the length of its GSL') + gslFrameBytes
  const gsl = part(0, gslBytes, 'its GSL')
  const parameters = gslBytes + parametersAt
  if (number(parameters, 'its parameter area') !== parameterMagic) throw malformed('its parameter magic is missing')
  const tableAt = number(parameters + 32, 'the place of its DDR tables')
  const tableBytes = number(parameters + 36, 'the size of its DDR tables')
  const tableCount = number(parameters + 40, 'the count of its DDR tables')
  if (tableBytes === 0 || tableCount === 0) throw malformed('it has no DDR table')
  const tableHead = part(gslBytes, tableHeadBytes, 'the head of its DDR tables')
  const tables = part(gslBytes + tableHeadBytes + tableAt, tableBytes * tableCount, 'its list of DDR tables')
  const boardMap = part(parameters + boardMapAt, boardMapBytes, 'its board map')
  const ubootAt = findMagic(view, parameters, ubootMagic)
  if (ubootAt === undefined) throw malformed('its U-Boot magic is missing')
  const uboot = part(ubootAt, number(ubootAt + ubootLengthAt, 'the length of its U-Boot') + ubootHeadBytes, 'its U-Boot')
  return {
    gsl, tableCount, uboot,
    ddrTable: (boardId) => {
      const mapped = boardMap[boardId < boardMapBytes ? boardId : 0] ?? 0
      const index = mapped < tableCount ? mapped : 0
      const bytes = new Uint8Array(tableHeadBytes + tableBytes)
      bytes.set(tableHead)
      bytes.set(tables.subarray(index * tableBytes, (index + 1) * tableBytes), tableHeadBytes)
      return { index, bytes }
    },
  }
}

function findMagic(view: DataView, from: number, magic: number): number | undefined {
  for (let at = from; at + 4 <= view.byteLength; at += 1) if (view.getUint32(at, true) === magic) return at
  return undefined
}

const malformed = (why: string): WorkbenchError => new WorkbenchError('input/malformed', `The file is no CV6xx boot image: ${why}`, {
  hint: 'Give the complete boot image that was built for this chip',
})
