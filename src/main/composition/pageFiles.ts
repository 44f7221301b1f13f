import { readdir } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

/** No inline script, nothing from elsewhere. Inline styles stay allowed because the component library writes them. */
export const contentPolicy = [
  `default-src 'none'`, `script-src 'self'`, `style-src 'self' 'unsafe-inline'`, `img-src 'self' data: blob:`, `font-src 'self'`,
  `connect-src 'self'`, `frame-src blob: 'self'`, `base-uri 'none'`, `form-action 'none'`, `frame-ancestors 'none'`,
].join('; ')

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml',
  '.png': 'image/png', '.woff2': 'font/woff2', '.woff': 'font/woff', '.json': 'application/json', '.ico': 'image/x-icon', '.map': 'application/json',
}

export interface PageFile {
  readonly file: string
  readonly headers: Readonly<Record<string, string>>
}

export const guardHeaders: Readonly<Record<string, string>> = {
  'content-security-policy': contentPolicy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** The built page as a fixed list: what is not in it cannot be asked for, whatever a request calls it. */
export async function readPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const files = new Map<string, PageFile>()
  const list = async (inside: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inside), { withFileTypes: true })) {
      const path = `${inside}/${entry.name}`
      if (entry.isDirectory()) await list(path)
      const type = types[extname(entry.name)]
      // Neither links nor kinds that a page does not have.
      if (!entry.isFile() || type === undefined) continue
      const isHashed = path.startsWith('/assets/')
      const headers = { ...guardHeaders, 'content-type': type, 'cache-control': isHashed ? 'public, max-age=31536000, immutable' : 'no-store' }
      files.set(path, { file: join(folder, path), headers })
    }
  }
  await list('').catch((cause: unknown) => { throw pageMissing(folder, cause) })
  const index = files.get('/index.html')
  if (!index) throw pageMissing(folder)
  return files.set('/', index)
}

const pageMissing = (folder: string, cause?: unknown): WorkbenchError =>
  new WorkbenchError('input/missing-file', `There is no built page in ${folder}`, { cause, hint: 'Run "npm run build" once' })
