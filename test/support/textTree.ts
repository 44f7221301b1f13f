import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSeededRandom } from './seededRandom.ts'

export interface FilePair { readonly path: string; readonly older: Buffer; readonly newer: Buffer }

/** About a megabyte of this project's own text, and the same after a day of somebody's edits: lines changed, added, taken out and moved in most files. */
export function editedTextTree(totalBytes = 1_000_000): FilePair[] {
  const root = join(import.meta.dirname, '../../src')
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).sort()
  const random = createSeededRandom(5)
  const pairs: FilePair[] = []
  let bytes = 0
  let lastLines: readonly string[] = ['// the first']
  for (const path of paths) {
    if (bytes >= totalBytes) break
    const older = readFileSync(join(root, path))
    if (older.length < 1024) continue
    const lines = older.toString().split('\n')
    const other = (): string => lastLines[Math.floor(random() * lastLines.length)] ?? ''
    const newer = lines.flatMap((line) => {
      const dice = random() * 40
      return dice < 1 ? [line.replace(/\w+/, (word) => `${word}Else`)] : dice < 2 ? [line, other()] : dice < 2.5 ? [] : dice < 3 ? [other()] : [line]
    })
    if (random() < 0.2) newer.push(...newer.splice(3, 10))
    lastLines = lines
    bytes += older.length
    pairs.push({ path, older, newer: Buffer.from(newer.join('\n')) })
  }
  return pairs
}
