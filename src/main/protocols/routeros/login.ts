import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Sentence } from './frame.ts'

/** Since RouterOS 6.43. Older ones ignore the password and answer `!done` with a challenge in `ret`. */
export const plainLogin = (user: string, password: string): Sentence => ['/login', `=name=${user}`, `=password=${password}`]

export type Md5 = (bytes: Uint8Array) => Uint8Array

/** Before 6.43: MD5 over a zero byte, the password and the challenge. Throws `link/garbled` for a challenge that is none. */
export function challengeLogin(user: string, password: string, challengeHex: string, md5: Md5): Sentence {
  if (!/^(?:[0-9a-f]{2}){1,64}$/i.test(challengeHex)) throw new WorkbenchError('link/garbled', 'The switch sent a login challenge that is not hexadecimal')
  const challenge = Uint8Array.from(challengeHex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
  const digest = md5(Uint8Array.of(0, ...new TextEncoder().encode(password), ...challenge))
  return ['/login', `=name=${user}`, `=response=00${[...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`]
}
