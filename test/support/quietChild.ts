import { readdirSync } from 'node:fs'
import { getPriority } from 'node:os'
import process from 'node:process'
import { beQuietProcess } from '../../src/main/drivers/host/quietProcess.ts'

/** Says who it is, then answers each word with itself and its argument; the word "end" ends it. */
export interface ChildWords { readonly pid: number; /** Of the thread that has the most right to the processor. */ readonly priority: number; readonly words: string }
const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [0]
const wordsOf = (words: string): ChildWords => ({ pid: process.pid, priority: Math.min(...threads.map((thread) => getPriority(thread))), words })
beQuietProcess<{ readonly say: string }, ChildWords>((argument) => ({
  hello: wordsOf('here'),
  heard: ({ say }) => {
    if (say === 'end') process.exit(3)
    return wordsOf(`${argument}: ${say}`)
  },
  close: () => undefined,
}))
