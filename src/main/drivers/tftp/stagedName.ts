import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

const longest = 64

/**
 * A staged name is typed at U-Boot's prompt and becomes part of a URL: no shell sign, no slash, nothing to quote.
 * Checked before any request is made.
 */
export function checkStagedName(name: string): void {
  if (name.length <= longest && /^[A-Za-z0-9_][A-Za-z0-9._+-]*$/.test(name)) return
  throw new WorkbenchError('input/malformed', 'This name cannot be used for a file that a camera fetches by TFTP', {
    context: { name: name.slice(0, longest).replace(/[^\x20-\x7e]/g, '?'), lengthChars: name.length },
    hint: `Use 1 to ${longest} letters, digits, dots, dashes, plus signs or underscores, and begin with a letter, digit or underscore.`,
  })
}
