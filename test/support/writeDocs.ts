/** Pages that are written from the program: `npm run docs`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { keyboardPage } from '../../src/shared/commands/keyboardPage.ts'

await writeFile(join(import.meta.dirname, '../../docs/keyboard.md'), keyboardPage())
