import { getPriority } from 'node:os'
import process from 'node:process'
import { beQuietProcess } from '../../src/main/drivers/host/quietProcess.ts'

/** Says who it is, then answers each word with itself and its argument; the word "end" ends it. */
export interface ChildWords { readonly pid: number; readonly priority: number; readonly words: string }
const wordsOf = (words: string): ChildWords => ({ pid: process.pid, priority: getPriority(), words })
beQuietProcess<{ readonly say: string }, ChildWords>((argument) => ({
  hello: wordsOf('here'),
  heard: ({ say }) => {
    if (say === 'end') process.exit(3)
    return wordsOf(`${argument}: ${say}`)
  },
  close: () => undefined,
}))
