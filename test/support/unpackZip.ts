import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import yauzl from 'yauzl'

/** All that is in it, as one text. Names in a bundle are of a small alphabet; one that leaves the folder is refused by the reader itself. */
export async function unpackZip(path: string, folder: string): Promise<string> {
  const zip = await yauzl.fromBufferPromise(await readFile(path), { lazyEntries: true, strictFileNames: true })
  let all = ''
  for await (const entry of zip.eachEntry()) {
    const pieces: Buffer[] = []
    for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer)
    const target = join(folder, entry.fileName)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, Buffer.concat(pieces))
    all += Buffer.concat(pieces).toString('utf8')
  }
  return all
}
