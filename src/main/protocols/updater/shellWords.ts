import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

/** A command line in which every word is a literal: nothing in it is expanded, split or run by the shell of the far end. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => {
    // eslint-disable-next-line no-control-regex -- a shell cannot be given these
    if (/[\x00\n\r]/.test(word)) throw new WorkbenchError('input/malformed', 'A word for the shell of a device holds a line break')
    return `'${word.replaceAll("'", String.raw`'\''`)}'`
  }).join(' ')
}
