-- The shop. The gateway logs in as its owner, so nothing but the gateway keeps a job from dropping a table.

CREATE TABLE customers (
  id          integer PRIMARY KEY,
  name        text NOT NULL,
  email       text NOT NULL,
  card_number text,
  city        text NOT NULL
);

CREATE TABLE orders (
  id          integer PRIMARY KEY,
  customer_id integer NOT NULL REFERENCES customers,
  status      text NOT NULL,
  total       numeric(10, 2) NOT NULL,
  placed      date NOT NULL
);

INSERT INTO customers VALUES
  (1, 'Ada Brandt',    'ada.brandt@example.com',    '4929123456781881', 'Hamburg'),
  (2, 'Boris Lindt',   'boris@lindt.example',       '5314098712346574', 'Zürich'),
  (3, 'Chiara Rossi',  'chiara.rossi@example.it',   '4539671122334409', 'Torino'),
  (4, 'Dmitri Halo',   'dhalo@example.org',         NULL,               'Riga'),
  (5, 'Emma Falk',     'emma.falk@example.se',      '378282246310005',  'Malmö'),
  (6, 'Farid Nasser',  'farid@nasser.example',      '6011000990139424', 'Lyon'),
  (7, 'Grace Okafor',  'grace.okafor@example.ng',   '4024007198964305', 'Lagos'),
  (8, 'Hiro Tanaka',   'hiro.tanaka@example.jp',    '3566002020360505', 'Osaka');

INSERT INTO orders VALUES
  (1001, 1, 'paid',       59.90, '2026-01-12'),
  (1002, 3, 'cancelled', 120.00, '2026-01-13'),
  (1003, 2, 'shipped',    18.50, '2026-01-15'),
  (1004, 5, 'paid',      310.00, '2026-01-19'),
  (1005, 1, 'cancelled',  42.00, '2026-01-23'),
  (1006, 8, 'shipped',    77.25, '2026-02-02'),
  (1007, 6, 'paid',       12.00, '2026-02-03'),
  (1008, 7, 'cancelled', 249.00, '2026-02-07'),
  (1009, 4, 'paid',       33.30, '2026-02-08'),
  (1010, 2, 'shipped',    95.00, '2026-02-11');
