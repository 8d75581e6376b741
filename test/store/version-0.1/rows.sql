-- What version 0.1 wrote under the key k1 = 32 bytes of 7, at 1764300000000 and in the minutes after it:
-- anna has a TOTP, an e-mail factor, backup codes of which one is used, a wrong code and a pending login; bob has begun to enroll.
INSERT INTO two_factor_accounts (user_key, user_id, version, failures, window_failures, window_start, next_attempt_at, last_step, challenge_epoch, security_epoch, backup_set_id, backup_salt, last_used, preferred, enroll_by)
  VALUES ('55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 'anna', 9, 0, 1, 1764300120000, 0, 58810008, 2, 2, '8e85a258a9e8e25e96e9b47911597132', 'k1.V0zBY-nBFzR0LM_OFLjZgg', '{"e88b99c254dc2bc25027f9e189ec5af2":1764300240000}', 0, 0);
INSERT INTO two_factor_accounts (user_key, user_id, version, failures, window_failures, window_start, next_attempt_at, last_step, challenge_epoch, security_epoch, backup_set_id, backup_salt, last_used, preferred, enroll_by)
  VALUES ('81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9', 'bob', 0, 0, 0, 0, 0, 0, 0, 0, '', '', '{}', 0, 0);
INSERT INTO two_factor_authenticators (id, user_key, user_id, mechanism, handle, label, sealed, algorithm, digits, period, verified_at, confirmed_step, security_epoch)
  VALUES ('e88b99c254dc2bc25027f9e189ec5af2', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 'anna', 1, '37a8eec1ce19687d132fe29051dca629d164e2c4958ba141d5f4133a33f0688f', 'default', 'v1.k1.geOHhwpVh4rJd0hE.Aq4_kN90b6iVhVO40sGTrlHrpd8.yoVLL9ZT6kYnCsm-NZhhWw', 'sha1', 6, 30, 1764300000000, 58810000, 1);
INSERT INTO two_factor_authenticators (id, user_key, user_id, mechanism, handle, label, sealed, algorithm, digits, period, verified_at, confirmed_step, security_epoch)
  VALUES ('a841d49afea856eafa389df620abb9ca', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 'anna', 2, '7370bfbcc7f1f92b42e00f9d0426653115241f676abec0341b61870e9b5b12d0', 'a***@example.org', 'v1.k1.iUJbAtX55b_Kt4Jk.0L2z_QDqb2BNsn4On7BZXg.B5DLSIgMrVc5d72R0MVn-A', 'sha1', 6, 30, 1764300060000, 0, 2);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '7dc35bd5dbf1023598fbf9fbd963a6a1c4c3b7ce6bb7fe457b9cbaf4674286db', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 1764300120000);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '03c0fac5e3b8e4486668d062552a9b401df9929de6c4c84be85c3891c64c624a', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', 'c04e2bf41a304f4467028837f132e3242c656d7368b9ea51c442de4c1ba11c92', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', 'c29ef69bd04f2ac4fefd95a92b4160d953c7ccae62cd61b39303327115916203', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', 'a54fae3c61912a921db49c5f135cf019b3941169d86dd21d04c9fd612fe91356', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', 'e5ed1e6bdf0b2a8570c8ef915ac314a876d5cbce6b39d8b1eaf67a53835945de', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '8f03d8477cfbaa863622b5199149333ba026468a0886f4b0aa29d9b10819a7ba', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '1f1df1663ed4484af3e9a5b4d7fce6310740c59ec2a821f9f76715df09eee0df', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '8650657ac5bdc46ecb41d1a6d268e1174731a19ea1e40c790c4d50f08c8497d2', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_backup_codes (set_id, tag, user_key, used_at)
  VALUES ('8e85a258a9e8e25e96e9b47911597132', '34309556011bc66cb071e2c0b6440c75cfc9ee2627826c4944ec5e8fb89ce010', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 0);
INSERT INTO two_factor_challenges (id, user_key, user_id, purpose, mechanism, handle, challenge_epoch, security_epoch, strategy, kind, remember, info, sealed, codes, code_version, verified_by, created_at, expires_at)
  VALUES ('5005075fbf25df3fc1a610737d4080f7d8dab54dfdc6e305991f248d717c764c', '81b637d8fcd2c6da6359e6963113a1170de795e4b725b84d1e0b4cfd9ec58ce9', 'bob', 'enrollment', 1, '37a8eec1ce19687d132fe29051dca629d164e2c4958ba141d5f4133a33f0688f', 0, 0, '', '', 0, '', 'v1.k1.oiIzde2kfocxEFSN.65GG5bZI74BjH5MlgGN2JqCkCdaLL0faBpNARPQYQMqk10f1-Ige6L80MtwyjJyO6kuCqQt__lc40Q.LXMABEkWTqO72PqzCHLZ0A', '{}', 0, '', 1764300180000, 1764301080000);
INSERT INTO two_factor_challenges (id, user_key, user_id, purpose, mechanism, handle, challenge_epoch, security_epoch, strategy, kind, remember, info, sealed, codes, code_version, verified_by, created_at, expires_at)
  VALUES ('7c531d3fe9d2425b85b5f5558663e28d0f97e7dd2269d0524734fd12613950fb', '55579b557896d0ce1764c47fed644f9b35f58bad620674af23f356d80ed0c503', 'anna', 'login', 0, '', 2, 2, 'local', 'local', 1, 'v1.k1.CV1SlJ2UHlFA4Ijd.iLNR10WKQABr60GBBf2u.ztxymQMqvwWxfdRcX54JeA', '', '{"email":{"tag":"k1.91c9d9647ea693f184240f10cd6e8f9838455409dd342c26f828dc38db92e885","expiresAt":1764300480000,"sentAt":1764300180000,"sends":1,"authenticator":"a841d49afea856eafa389df620abb9ca"}}', 0, '', 1764300180000, 1764300780000);
INSERT INTO two_factor_quotas (id, version, hour_start, hour_count, day_start, day_count)
  VALUES ('97f32a77b61aa5315521494d3f75edfbebf58cb3827db98d39ec0f36c0f7e943', 2, 1764300060000, 3, 1764300060000, 3);
INSERT INTO two_factor_quotas (id, version, hour_start, hour_count, day_start, day_count)
  VALUES ('67edcfb8352925bdcf10a7d71a2d4fcf6822d200159c3439bf63c5628adae880', 0, 1764300060000, 1, 1764300060000, 1);
