/** Writes a zip of noise as a process of its own, whose files a test keeps small: `zipWriter.ts FILE`. Says how it ended. */
import { writeZip } from '../../src/main/drivers/files/zipFile.ts'
import { toWire } from '../../src/shared/errors/workbenchError.ts'

const [path = ''] = process.argv.slice(2)
async function* pieces(): AsyncGenerator<Uint8Array, void, void> {
  for (let piece = 0; piece < 64; piece += 1) yield await Promise.resolve(crypto.getRandomValues(new Uint8Array(32_768)))
}
async function* parts(): AsyncGenerator<{ name: string; pieces: AsyncIterable<Uint8Array> }, void, void> {
  yield await Promise.resolve({ name: 'noise.bin', pieces: pieces() })
}
const said = await writeZip(path, parts(), 2 ** 30, new AbortController().signal).then((bytes) => ({ bytes }), (error: unknown) => toWire(error))
process.stdout.write(`${JSON.stringify(said)}\n`)
