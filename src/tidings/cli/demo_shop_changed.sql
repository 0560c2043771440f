-- What the shop's developers do overnight.
ALTER TABLE customers ADD COLUMN phone TEXT;
ALTER TABLE orders DROP COLUMN note;
CREATE TABLE refunds (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    amount DECIMAL(10, 2) NOT NULL
);
