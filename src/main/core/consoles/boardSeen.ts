import type { BoardFactName } from '../../../shared/rack/boardFacts.schema.ts'

/** How a line that may tell it is found, and what it tells; `undefined` for nothing. */
export interface BoardClue { readonly fact: BoardFactName; readonly words: string; readonly read: (line: string) => string | undefined }

// All of it came over a wire: short, and of letters that such a name has.
const stamp = '^(?:\\[ *\\d+\\.\\d+\\] )?'
const sensorName = '([a-z]{1,8}[_-]?\\d{2,6}[a-z0-9_-]{0,12})'
const sensorSet = new RegExp(`\\bset SENSOR as ${sensorName}(?:\\s|$)`, 'i')
/** A shell's answer to `fw_printenv sensor`, and U-Boot's. */
const sensorVariable = new RegExp(`^sensor=${sensorName}$`, 'i')
/** The vendors' libraries: "Sony imx335 sensor 1080P30fps init success!" */
const sensorReady = new RegExp(`\\b${sensorName}\\b.{0,60}\\binit(?:iali[sz]ed)? (?:ok|success)`, 'i')
const flashDetected = /^SF: Detected ([\w.-]{2,40}) with .{0,80}\btotal (\d{1,4} [KMG]iB)$/
const flashNamed = /\bChip:(\d{1,4})([KMG])B (?:.{0,40} )?Name:"([\w.-]{2,40})"/
const commandLine = new RegExp(`${stamp}Kernel command line: (?:.* )?mtdparts=([\\w.+/:;#,()@-]{1,300})(?: |$)`)

function flashOf(line: string): string | undefined {
  const [, name, size] = flashDetected.exec(line) ?? []
  if (name !== undefined) return `${name}, ${size ?? ''}`
  const [, count, unit, chip] = flashNamed.exec(line) ?? []
  return chip === undefined ? undefined : `${chip}, ${count ?? ''} ${unit ?? ''}iB`
}
export const sensorOf = (line: string): string | undefined => (sensorSet.exec(line) ?? sensorVariable.exec(line) ?? sensorReady.exec(line))?.[1]?.toLowerCase()
const partitionsOf = (line: string): string | undefined => commandLine.exec(line)?.[1]

export const boardClues: readonly BoardClue[] = [
  { fact: 'sensor', words: 'set sensor as', read: sensorOf },
  { fact: 'sensor', words: 'sensor', read: sensorOf },
  { fact: 'flash', words: 'SF Detected total', read: flashOf },
  { fact: 'flash', words: 'Block Chip Name', read: flashOf },
  { fact: 'partitions', words: 'Kernel command line mtdparts', read: partitionsOf },
]

/** Nearly every line has none of these, and a bundle has millions of lines. */
const mayTell = /sensor|\binit|SF: Detected|Chip:|mtdparts=/i

/** What one line tells, whatever it was looked for. */
export function boardFactsIn(line: string): Partial<Record<BoardFactName, string>> {
  if (!mayTell.test(line)) return {}
  const [sensor, flash, partitions] = [sensorOf(line), flashOf(line), partitionsOf(line)]
  return { ...(sensor === undefined ? {} : { sensor }), ...(flash === undefined ? {} : { flash }), ...(partitions === undefined ? {} : { partitions }) }
}
