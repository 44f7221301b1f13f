import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseRedisUrl } from './redisAddress.ts'

describe('the address of Redis', () => {
  test('host, port, login, database and TLS are read', () => {
    expect(parseRedisUrl('redis://lab')).toEqual({ host: 'lab', port: 6379, database: 0, hasTls: false, shown: 'redis://lab:6379' })
    expect(parseRedisUrl('rediss://bench:p%40ss@[::1]:7000/3')).toEqual({ host: '::1', port: 7000, database: 3, hasTls: true, user: 'bench', password: 'p@ss', shown: 'rediss://[::1]:7000/3' })
  })
  test.each(['', 'lab', 'http://lab', 'redis://', 'redis://lab/x', 'redis://lab/99999', 'redis://lab?db=1', 'redis://u:%zz@lab'])('%j is refused', (text) => {
    expect(() => parseRedisUrl(text)).toThrow(WorkbenchError)
  })
  test('whatever the login is, it is neither shown nor repeated in a refusal', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z0-9]{6,20}$/), fc.constantFrom('redis', 'rediss', 'http', 'x'), fc.constantFrom('lab', 'lab/x', ''), (secret, scheme, rest) => {
      const words = (() => {
        try {
          return parseRedisUrl(`${scheme}://Q${secret}:Z${secret}@${rest}`).shown
        } catch (error) {
          return error instanceof WorkbenchError ? `${error.message} ${error.hint ?? ''} ${JSON.stringify(error.context)}` : 'foreign error'
        }
      })()
      expect(words).not.toContain(secret)
      expect(words).not.toBe('foreign error')
    }))
  })
})
