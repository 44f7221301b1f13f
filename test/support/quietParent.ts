import { startQuietProcess } from '../../src/main/drivers/host/quietProcess.ts'
import { createRealClock } from './realClock.ts'
import type { ChildWords } from './quietChild.ts'

/** A program with a quiet process; prints the number of that one, and runs until it is killed. */
const child = startQuietProcess<{ readonly say: string }, ChildWords>({ clock: createRealClock(), caller: import.meta.url, source: './quietChild.ts', built: 'never', argument: 'a' })
process.stdout.write(`${(await child.next(new AbortController().signal)).pid}\n`)
setInterval(() => undefined, 60_000)
