import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly database: number
  readonly hasTls: boolean
  readonly user?: string
  readonly password?: string
  /** For logs and messages: without the login. */
  readonly shown: string
}

const usualPort = 6_379
const maxDatabase = 1_023

/** redis://[user:password@]host[:port][/database], or rediss:// for TLS. The text is never repeated: it may hold a password. */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text.trim()) ? new URL(text.trim()) : undefined
  const database = url?.pathname.replace(/^\//, '') ?? ''
  if (!url || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '' || !/^\d{0,4}$/.test(database) || Number(database) > maxDatabase || url.search !== '' || url.hash !== '') {
    throw new WorkbenchError('input/malformed', 'The address of Redis cannot be read', { hint: 'redis://HOST:6379, or rediss:// for TLS; with a login redis://USER:PASSWORD@HOST' })
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? usualPort : Number(url.port)
  const [user, password] = [plain(url.username), plain(url.password)]
  return {
    host, port, database: Number(database), hasTls: url.protocol === 'rediss:', ...(user === '' ? {} : { user }), ...(password === '' ? {} : { password }),
    shown: `${url.protocol}//${url.hostname}:${port}${database === '' ? '' : `/${database}`}`,
  }
}

function plain(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    throw new WorkbenchError('input/malformed', 'The login in the address of Redis cannot be read', { hint: 'A % in a password is written %25' })
  }
}
