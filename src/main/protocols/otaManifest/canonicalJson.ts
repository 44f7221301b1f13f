import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { byCodePoint } from '../../../shared/devices/devicePath.ts'

/** Deeper is nobody's manifest, and would fill the stack. */
const mostLevels = 32
const shortEscapes: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * The bytes that a signature is made over, as Python's `json.dumps(sort_keys=True, separators=(",", ":"))` writes them: keys by code point and
 * everything outside U+0020 to U+007E escaped. Other canonical forms of JSON leave letters such as `ü` alone and so give other bytes.
 */
export function canonicalJson(value: unknown, levels = 0): string {
  if (levels > mostLevels) throw unfit('it is nested too deeply')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return quotedText(value)
  if (typeof value === 'number') {
    // Python and JavaScript write fractions and large numbers differently; then the same manifest would have two signatures.
    if (!Number.isSafeInteger(value)) throw unfit(`${value} is no whole number`)
    return Object.is(value, -0) ? '0' : String(value)
  }
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each, levels + 1)).join(',')}]`
  if (typeof value !== 'object') throw unfit(`it holds a ${typeof value}`)
  const entries = Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) => byCodePoint(a, b))
  return `{${entries.map(([key, each]) => `${quotedText(key)}:${canonicalJson(each, levels + 1)}`).join(',')}}`
}

function quotedText(text: string): string {
  let out = '"'
  // By UTF-16 unit, so that what lies beyond U+FFFF becomes its two halves, as Python has it.
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    const letter = text.charAt(at)
    out += shortEscapes[letter] ?? (unit < 0x20 || unit > 0x7e ? `\\u${unit.toString(16).padStart(4, '0')}` : letter)
  }
  return `${out}"`
}

const unfit = (why: string): WorkbenchError => new WorkbenchError('input/malformed', `The manifest cannot be signed: ${why}`)
