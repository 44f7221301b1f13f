import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import {
  captureHeaderBytes, captureLimits, captureMagic, captureVersion, chipNameBytes, recordHeaderBytes, timedFlag,
  type CaptureDirection, type CaptureRecord, type ParsedCapture,
} from './frame.ts'

const directions: readonly CaptureDirection[] = ['to-device', 'from-device']

/**
 * The bytes of the records are views of `file`. A file that was cut gives what is whole, and a note. `input/malformed`: no capture, or
 * damaged inside; `input/too-large`: more than 256 MiB or two million records.
 */
export function parseCapture(file: Uint8Array, name?: string): ParsedCapture {
  if (file.length > captureLimits.fileBytes) {
    throw new WorkbenchError('input/too-large', `A capture of more than ${captureLimits.fileBytes} bytes is not opened`, { context: { fileBytes: file.length } })
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const magic = String.fromCharCode(...file.subarray(0, 4))
  if (file.length < captureHeaderBytes || magic !== captureMagic) {
    throw new WorkbenchError('input/malformed', `${name ?? 'This'} is no capture file`, { context: { fileBytes: file.length }, hint: 'A capture begins with the letters DCAP' })
  }
  const version = view.getUint16(4, true)
  if (version !== captureVersion) {
    throw new WorkbenchError('input/malformed', `A capture of version ${version} cannot be read, only version ${captureVersion}`, { context: { version } })
  }
  const { records, note } = parseRecords(file, view)
  return {
    baudRate: view.getUint32(6, true), chip: chipName(file.subarray(10, 10 + chipNameBytes)),
    isTimed: (view.getUint16(10 + chipNameBytes, true) & timedFlag) !== 0, records, note,
  }
}

function parseRecords(file: Uint8Array, view: DataView): { readonly records: readonly CaptureRecord[]; readonly note: string | undefined } {
  const records: CaptureRecord[] = []
  for (let at = captureHeaderBytes; at < file.length;) {
    const lengthBytes = at + recordHeaderBytes <= file.length ? view.getUint16(at + 9, true) : undefined
    const end = at + recordHeaderBytes + (lengthBytes ?? 0)
    if (lengthBytes === undefined || end > file.length) {
      return { records, note: `The file ends in the middle of record ${records.length + 1}; the ${file.length - at} bytes from there on are left out` }
    }
    const direction = directions[view.getUint8(at + 8)]
    const timeUs = Number(view.getBigUint64(at, true))
    if (direction === undefined || timeUs > captureLimits.timeUs) {
      const what = direction === undefined ? `the unknown direction ${view.getUint8(at + 8)}` : 'an impossible time'
      throw new WorkbenchError('input/malformed', `The capture is damaged: record ${records.length + 1} has ${what}`, { context: { offsetBytes: at, record: records.length + 1 } })
    }
    if (records.length >= captureLimits.records) {
      throw new WorkbenchError('input/too-large', `A capture of more than ${captureLimits.records} records is not opened`, { context: { fileBytes: file.length } })
    }
    records.push({ timeUs, direction, bytes: file.subarray(at + recordHeaderBytes, end) })
    at = end
  }
  return { records, note: undefined }
}

/** Shown to people, so control characters stay out. */
function chipName(field: Uint8Array): string {
  const end = field.indexOf(0)
  // A name that was cut at 32 bytes may end inside a letter.
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end)).replace(/\ufffd+$/, '').replace(/[^\x20-\x7e\xa0-\u{10ffff}]/gu, '?')
}
