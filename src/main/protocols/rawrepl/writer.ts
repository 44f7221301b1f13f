/** A text as a Python literal of printable ASCII: whatever stands in it, it stays one text. */
export function pythonText(text: string): string {
  let out = "'"
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0
    if (letter === "'" || letter === '\\') out += `\\${letter}`
    else if (code >= 0x20 && code < 0x7f) out += letter
    else if (code > 0xffff) out += `\\U${code.toString(16).padStart(8, '0')}`
    else out += `\\u${code.toString(16).padStart(4, '0')}`
  }
  return `${out}'`
}

/** The body runs with `say`, which prints a line that is ours beyond doubt, and ends with one such line whatever happens to it. */
export const framedCode = (body: string, mark: string): string => [
  'import os,binascii',
  `def say(*a):print('\\n${mark}',*a)`,
  'try:',
  ...body.split('\n').map((line) => ` ${line}`),
  " say('ok')",
  'except OSError as e:',
  " say('errno',e.args[0] if e.args else 0)",
  '',
].join('\n')

const base64Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
export function toBase64(bytes: Uint8Array): string {
  let out = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const three = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    const letters = [18, 12, 6, 0].map((shift) => base64Letters.charAt((three >> shift) & 63)).join('')
    out += letters.slice(0, Math.min(3, bytes.length - at) + 1).padEnd(4, '=')
  }
  return out
}

export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  const bytes = new Uint8Array((text.length / 4) * 3 - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0))
  for (let at = 0, to = 0; at < text.length; at += 4, to += 3) {
    const four = [0, 1, 2, 3].reduce((sum, each) => (sum << 6) | Math.max(0, base64Letters.indexOf(text.charAt(at + each))), 0)
    for (let each = 0; each < 3 && to + each < bytes.length; each += 1) bytes[to + each] = (four >> (16 - 8 * each)) & 0xff
  }
  return bytes
}
